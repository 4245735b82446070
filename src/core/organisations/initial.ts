import type { OrganisationData } from "./model.ts";

/** The research universities of the Netherlands with their faculties: enough to begin with; a site adds its own. */
const MEDICINE = [
  "Biomedical Sciences",
  "Clinical Medicine",
  "Dentistry",
  "Epidemiology",
  "Human Movement Sciences",
  "Neuroscience",
  "Psychiatry",
  "Public Health",
];
const LAW = [
  "Constitutional and Administrative Law",
  "Criminal Law and Criminology",
  "European Law",
  "International Law",
  "Private Law",
];
const ARTS = ["Archaeology", "Art History", "Communication and Media", "History", "Linguistics", "Literature", "Musicology"];
const PHILOSOPHY = ["Ethics", "History of Philosophy", "Logic", "Political Philosophy"];
const THEOLOGY = ["Comparative Religion", "Jewish, Christian and Islamic Origins", "Theology"];
const BEHAVIOUR = ["Anthropology", "Education", "Pedagogy", "Political Science", "Psychology", "Sociology"];
const ECONOMICS = ["Accounting", "Business Administration", "Econometrics", "Economics", "Finance", "Marketing"];
const SCIENCE = [
  "Artificial Intelligence",
  "Astronomy",
  "Biology",
  "Chemistry",
  "Computing Science",
  "Mathematics",
  "Pharmacy",
  "Physics",
];
const GEO = ["Cultural Geography", "Demography", "Earth Sciences", "Spatial Planning"];
const VETERINARY = ["Animal Health", "Population Health", "Veterinary Pathology"];
const LIFE = [
  "Agrotechnology",
  "Animal Sciences",
  "Environmental Sciences",
  "Food Technology",
  "Nutrition and Health",
  "Plant Sciences",
];
const CIVIL = [
  "Geoscience and Engineering",
  "Hydraulic Engineering",
  "Structural Engineering",
  "Transport and Planning",
  "Water Management",
];
const MECHANICAL = [
  "Biomechanical Engineering",
  "Maritime Technology",
  "Materials Science",
  "Process and Energy",
  "Systems and Control",
];
const ELECTRICAL = ["Applied Mathematics", "Computer Science", "Electrical Engineering", "Microelectronics"];
const DESIGN = ["Design Engineering", "Human-Centred Design"];
const BUILT = ["Architecture", "Building Physics", "Urbanism"];
const APPLIED = ["Applied Physics", "Biotechnology", "Chemical Engineering", "Nanoscience"];
const MANAGEMENT = ["Information Systems", "Innovation Management", "Operations Management", "Policy Analysis"];

const university = (
  name: string,
  ror: string,
  website: string,
  faculties: Readonly<Record<string, readonly string[]>>,
): OrganisationData => ({
  name,
  ror,
  website,
  faculties: Object.entries(faculties).map(([faculty, fields]) => ({ name: faculty, fields })),
});

export const INITIAL_ORGANISATIONS: readonly OrganisationData[] = [
  university("University of Groningen", "012p63287", "https://www.rug.nl", {
    "Campus Fryslân": ["Global Responsibility and Leadership", "Sustainable Entrepreneurship"],
    "Faculty of Arts": ARTS,
    "Faculty of Behavioural and Social Sciences": BEHAVIOUR,
    "Faculty of Economics and Business": ECONOMICS,
    "Faculty of Law": LAW,
    "Faculty of Medical Sciences": MEDICINE,
    "Faculty of Philosophy": PHILOSOPHY,
    "Faculty of Religion, Culture and Society": THEOLOGY,
    "Faculty of Science and Engineering": SCIENCE,
    "Faculty of Spatial Sciences": GEO,
    "University College Groningen": ["Liberal Arts and Sciences"],
  }),
  university("Delft University of Technology", "02e2c7k09", "https://www.tudelft.nl", {
    "Faculty of Aerospace Engineering": ["Aerodynamics", "Aerospace Structures", "Control and Operations", "Space Engineering"],
    "Faculty of Applied Sciences": APPLIED,
    "Faculty of Architecture and the Built Environment": BUILT,
    "Faculty of Civil Engineering and Geosciences": CIVIL,
    "Faculty of Electrical Engineering, Mathematics and Computer Science": ELECTRICAL,
    "Faculty of Industrial Design Engineering": DESIGN,
    "Faculty of Mechanical Engineering": MECHANICAL,
    "Faculty of Technology, Policy and Management": MANAGEMENT,
  }),
  university("Eindhoven University of Technology", "02c2kyt77", "https://www.tue.nl", {
    "Applied Physics and Science Education": ["Applied Physics", "Science Education"],
    "Biomedical Engineering": ["Biomedical Engineering", "Medical Engineering"],
    "Built Environment": BUILT,
    "Chemical Engineering and Chemistry": ["Chemical Engineering", "Chemistry"],
    "Electrical Engineering": ["Electrical Engineering", "Photonics"],
    "Industrial Design": DESIGN,
    "Industrial Engineering and Innovation Sciences": MANAGEMENT,
    "Mathematics and Computer Science": ["Computer Science", "Data Science", "Mathematics"],
    "Mechanical Engineering": MECHANICAL,
  }),
  university("Erasmus University Rotterdam", "057w15z03", "https://www.eur.nl", {
    "Erasmus MC": MEDICINE,
    "Erasmus School of Economics": ECONOMICS,
    "Erasmus School of Health Policy and Management": ["Health Economics", "Health Policy"],
    "Erasmus School of History, Culture and Communication": ARTS,
    "Erasmus School of Law": LAW,
    "Erasmus School of Philosophy": PHILOSOPHY,
    "Erasmus School of Social and Behavioural Sciences": BEHAVIOUR,
    "Rotterdam School of Management": MANAGEMENT,
  }),
  university("Leiden University", "027bh9e22", "https://www.universiteitleiden.nl", {
    "Faculty of Archaeology": ["Archaeological Heritage", "Archaeological Science", "World Archaeology"],
    "Faculty of Governance and Global Affairs": ["Political Economy", "Public Administration", "Security Studies"],
    "Faculty of Humanities": [...ARTS, ...PHILOSOPHY],
    "Faculty of Science": SCIENCE,
    "Faculty of Social and Behavioural Sciences": BEHAVIOUR,
    "Leiden Law School": LAW,
    "Leiden University Medical Center": MEDICINE,
  }),
  university("Maastricht University", "02jz4aj89", "https://www.maastrichtuniversity.nl", {
    "Faculty of Arts and Social Sciences": [...ARTS, "European Studies"],
    "Faculty of Health, Medicine and Life Sciences": MEDICINE,
    "Faculty of Law": LAW,
    "Faculty of Psychology and Neuroscience": ["Cognitive Neuroscience", "Psychology", "Psychopharmacology"],
    "Faculty of Science and Engineering": SCIENCE,
    "School of Business and Economics": ECONOMICS,
  }),
  university("Radboud University", "016xsfp80", "https://www.ru.nl", {
    "Faculty of Arts": ARTS,
    "Faculty of Law": LAW,
    "Faculty of Medical Sciences": MEDICINE,
    "Faculty of Philosophy, Theology and Religious Studies": [...PHILOSOPHY, ...THEOLOGY],
    "Faculty of Science": SCIENCE,
    "Faculty of Social Sciences": BEHAVIOUR,
    "Nijmegen School of Management": [...ECONOMICS, ...GEO],
  }),
  university("Tilburg University", "04b8v1s79", "https://www.tilburguniversity.edu", {
    "Tilburg Law School": LAW,
    "Tilburg School of Catholic Theology": THEOLOGY,
    "Tilburg School of Economics and Management": ECONOMICS,
    "Tilburg School of Humanities and Digital Sciences": [
      "Cognitive Science and Artificial Intelligence",
      "Communication",
      "Culture Studies",
      "Philosophy",
    ],
    "Tilburg School of Social and Behavioral Sciences": BEHAVIOUR,
  }),
  university("University of Amsterdam", "04dkp9463", "https://www.uva.nl", {
    "Amsterdam Law School": LAW,
    "Faculty of Dentistry": ["Oral Health Sciences", "Oral Public Health"],
    "Faculty of Economics and Business": ECONOMICS,
    "Faculty of Humanities": [...ARTS, ...PHILOSOPHY],
    "Faculty of Medicine": MEDICINE,
    "Faculty of Science": SCIENCE,
    "Faculty of Social and Behavioural Sciences": [...BEHAVIOUR, "Communication Science"],
  }),
  university("University of Twente", "006hf6230", "https://www.utwente.nl", {
    "Behavioural, Management and Social Sciences": ["Educational Science", "Psychology", "Public Administration", ...MANAGEMENT],
    "Electrical Engineering, Mathematics and Computer Science": ELECTRICAL,
    "Engineering Technology": MECHANICAL,
    "Geo-Information Science and Earth Observation": ["Earth Observation", "Geo-Information Processing", "Natural Resources"],
    "Science and Technology": APPLIED,
  }),
  university("Utrecht University", "04pp8hn57", "https://www.uu.nl", {
    "Faculty of Geosciences": GEO,
    "Faculty of Humanities": [...ARTS, ...PHILOSOPHY],
    "Faculty of Law, Economics and Governance": [...LAW, "Economics", "Public Governance"],
    "Faculty of Medicine": MEDICINE,
    "Faculty of Science": SCIENCE,
    "Faculty of Social and Behavioural Sciences": BEHAVIOUR,
    "Faculty of Veterinary Medicine": VETERINARY,
  }),
  university("Vrije Universiteit Amsterdam", "008xxew50", "https://vu.nl", {
    "Faculty of Behavioural and Movement Sciences": ["Human Movement Sciences", "Pedagogy", "Psychology"],
    "Faculty of Humanities": [...ARTS, ...PHILOSOPHY],
    "Faculty of Law": LAW,
    "Faculty of Medicine": MEDICINE,
    "Faculty of Religion and Theology": THEOLOGY,
    "Faculty of Science": SCIENCE,
    "Faculty of Social Sciences": BEHAVIOUR,
    "School of Business and Economics": ECONOMICS,
  }),
  university("Wageningen University & Research", "04qw24q55", "https://www.wur.nl", {
    "Wageningen University": LIFE,
  }),
  university("Open Universiteit", "018dfmf50", "https://www.ou.nl", {
    "Faculty of Beta Sciences": ["Computer Science", "Environmental Sciences", "Information Science"],
    "Faculty of Educational Sciences": ["Educational Sciences"],
    "Faculty of Humanities": ARTS,
    "Faculty of Law": LAW,
    "Faculty of Management": MANAGEMENT,
    "Faculty of Psychology": ["Psychology"],
  }),
];
