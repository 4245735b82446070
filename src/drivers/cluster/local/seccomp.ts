/**
 * A filter of system calls, as the kernel takes it: over what namespaces and missing rights refuse already, it closes doors that
 * have been used to get out of sandboxes and that research does not need. What is refused says EPERM; calls of another
 * architecture (32 bits) do not exist.
 * Numbers: asm/unistd of Linux; a call that an architecture does not have is left out.
 */
const REFUSED: Readonly<Record<string, readonly [x64: number | undefined, arm64: number]>> = {
  // Keys are not kept apart by namespaces.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Programs and counters inside the kernel, and the two interfaces with the longest list of holes.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  // Mounts, and ways to files without their path.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_by_handle_at: [304, 265],
  setns: [308, 268],
  // The machine itself.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  quotactl: [179, 60],
  syslog: [103, 116],
};

const LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const [EPERM, ENOSYS] = [1, 38];
const [AT_NUMBER, AT_ARCHITECTURE] = [0, 4];
/** The second set of calls of x86-64, by this bit of the number. */
const X32 = 0x40000000;

/** @returns the filter for bubblewrap's --seccomp; undefined for a processor whose numbers we do not have */
export function seccompFilter(architecture: string): Buffer | undefined {
  const column = architecture === "x64" ? 0 : architecture === "arm64" ? 1 : undefined;
  if (column === undefined) return undefined;
  const refused = Object.values(REFUSED).flatMap(numbers => numbers[column] ?? []);
  const lines: [code: number, ifTrue: number, ifFalse: number, value: number][] = [
    [LOAD_WORD, 0, 0, AT_ARCHITECTURE],
    [IF_EQUAL, 1, 0, column === 0 ? 0xc000003e : 0xc00000b7],
    [RETURN, 0, 0, ERRNO | ENOSYS],
    [LOAD_WORD, 0, 0, AT_NUMBER],
    [IF_AT_LEAST, refused.length + 1, 0, X32],
    // Jumps count the lines between: over the tests that follow, and over the line that allows.
    ...refused.map((number, index): [number, number, number, number] => [IF_EQUAL, refused.length - index, 0, number]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | EPERM],
  ];
  const bytes = Buffer.alloc(lines.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of lines.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
