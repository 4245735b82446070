/** The worst passwords, in lower case: what a guesser tries first. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
123456 1234567 12345 1234 123 111111 000000 123123 654321 666666 121212 112233 55555 11111 22222 123321 123654 159753 987654
456456 159357 777777 7777777 999999 888888 1q2w3e 1qazxsw qazwsx zxcvbnm zxcvbn zxcvb asdfgh asdfghj asdf asdfasd qwerty
qwerty1 qwert qwe123 qweasd azerty abc123 abc abcdef abcdefg a123456 aaaaaa aaa111 abcabc aa1234 q1w2e3 123qwe 123abc 123456a
zxc123 poiuyt lkjhgf pass pass1 pass12 pass123 passwd passw0r secret secret1 geheim wachtwo letmein welcome welkom changei
access login admin admin1 admin12 root toor user test test1 test12 test123 testing tester guest guest1 demo default master
master1 server oracle mysql redis docker monkey dragon tigger tigers tiger kitten doggie horses rabbit shadow silver golden
orange purple yellow angel cookie honey flower lovely princes love lovers iloveu soccer hockey tennis golfer ajax lakers
eagle1 taylor maggie ginger pepper buster bailey sophie samanth george thomas jordan hunter andrew joshua robert daniel
michael charlie martin justin nathan batman matrix naruto killer hacker ninja pirate winner lucky lucky7 player nirvana eminem
metalli jesus heaven hello hello1 freedom summer winter spring autumn monday friday sunday google apple banana cherry cheese
coffee chicken pizza peanut guitar music ferrari porsche toyota harley yamaha honda samsung android windows nothing whateve
biteme fuckyou asshole 123456789 12345678 1234567890 987654321 11111111 88888888 00000000 147258369 1q2w3e4r 1q2w3e4r5t
1qaz2wsx 1qazxsw2 zaq12wsx qazwsxedc q1w2e3r4 q1w2e3r4t5 asdfghjk asdfghjkl asdf1234 asdfasdf qwerty12 qwerty123 qwerty1234
qwertyui qwertyuio qwertyuiop qwert123 qwer1234 qweasdzxc qwe123qwe azerty123 azertyuiop password password1 password12
password123 password1234 password! password01 passw0rd p@ssw0rd p@ssword pa55word pa55w0rd passwort passwort1 passphrase
mypassword newpassword yourpassword thepassword passpass pass1234 secret123 secretpassword topsecret changeme changeme1
changeme123 changeit letmein1 letmein123 welcome1 welcome12 welcome123 welkom01 welkom123 wachtwoord wachtwoord1 geheim123
bienvenue motdepasse motdepasse1 contrasena kennwort admin123 admin1234 administrator administrator1 rootroot user1234
username test1234 testtest testing1 guest123 default1 demo1234 demodemo login123 access123 access14 master123 superuser
superman superman1 supersecret operator system32 database postgres postgresql iloveyou iloveyou1 iloveyou2 ilovegod ilovejesus
lovelove love1234 sweetheart princess princess1 angel123 babygirl babygirl1 prettygirl beautiful butterfly sunshine sunshine1
chocolate jellybean twilight monkey123 dragon123 cat12345 dolphins elephant wolfpack midnight football football1 baseball
baseball1 basketball volleyball swimming skateboard snowboard chelsea1 arsenal1 liverpool liverpool1 barcelona juventus
realmadrid manchester ajax1234 feyenoord steelers patriots michael1 michelle jennifer jessica1 charlie1 jordan23 samantha
elizabeth victoria alexander alexandra benjamin christian christina christopher jonathan stephanie starwars starwars1 startrek
pokemon1 minecraft fortnite warcraft playstation nintendo mario123 zelda123 spiderman superstar trustno1 whatever whatever1
freedom1 internet computer computer1 samsung1 apple123 google123 facebook linkedin microsoft windows10 windows7 linux123
mercedes corvette honda123 kawasaki summer12 summer2020 summer2021 summer2022 summer2023 summer2024 summer2025 summer2026
winter2020 winter2021 winter2022 winter2023 winter2024 winter2025 winter2026 spring2024 spring2025 spring2026 autumn2024
autumn2025 autumn2026 february march123 april123 saturday christmas groningen amsterdam rotterdam nederland university
universiteit student1 student123 research research1 research123 researcher science1 laboratory academic professor hospital
nurse123 abc12345 abcd1234 abcdefgh abcdefghi a1b2c3d4 a1234567 a12345678 aa123456 aaaaaaaa xyz12345 zzzzzzzz xxxxxxxx
qqqqqqqq 1111aaaa 1234abcd 1234qwer 123qweasd 1234567a 12345678a 123456789a 123456abc 12341234 11223344 12344321 12121212
13131313 10203040 19871987 20002000 20202020 123123123 789456123 147852369 741852963 963852741 987654321a 69696969 77777777
99999999 22222222 33333333 44444444 55555555 66666666 999999999 0123456789 01234567 012345678 0987654321 9876543210 1029384756
31415926 27182818 11235813 20242024 20252025 20262026 securepassword securepassword1 security security1 confidential hello123
hello1234 hellohello helloworld goodmorning goodluck strawberry pineapple hamburger pizza123 spaghetti metallica slipknot
rockstar rocknroll blink182 jesuschrist faithful godisgood ninja123 champion lucky123 fuckyou1 bullshit bigdaddy gangster
cocacola pepsi123 budweiser openstack kubernetes letmeinnow opensesame sesame123 correcthorse correcthorsebatterystaple
trustnoone donotenter nopassword nopasswd ihatepasswords mypass123 mysecret mysecret1 temp1234 temppass temporary temporary1
password2 password3 password7 password9 password99 password00 password2023 password2024 password2025 password2026 welcome2023
welcome2024 welcome2025 welcome2026 welkom2024 welkom2025 welkom2026
`
    .trim()
    .split(/\s+/),
);
