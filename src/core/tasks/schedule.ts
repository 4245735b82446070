import type { Quotas, Units, Used } from "./model.ts";

/**
 * Who starts next, decided without clock, store or cluster. People and studies have shares: whoever used less of late comes first,
 * priorities and waiting move that. Within one person and study the order of arrival holds. A task that does not fit does not hold up
 * smaller ones, but has the room kept that it will need: others may only start where they end before it can, or beside it.
 */
export interface Candidate extends Room {
  readonly id: number;
  readonly walltimeSeconds: number;
  /** That the node has, as name and value. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly avoid: readonly string[];
  /** Elements of an array that may start, each with what is asked for; 1 for a task. */
  readonly left: number;
  readonly queuedAt: Date;
}

export interface Group {
  readonly person: number;
  /** 0: none. */
  readonly study: number;
  readonly personQuotas: Quotas;
  readonly studyQuotas: Quotas;
  /** Used of late, older days weighing less. */
  readonly personUsed: Used;
  readonly studyUsed: Used;
  /** In their order. */
  readonly heads: readonly Candidate[];
}

export interface Room {
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** Of whatever else is counted on a node, such as licences; absent: none. */
  readonly units?: Units | undefined;
}

export interface Node extends Room {
  readonly name: string;
  readonly isUp: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** What runs there, with the latest moment at which it ends. */
  readonly taken: readonly (Room & { readonly until: Date; readonly person: number; readonly study: number })[];
}

export interface Weights {
  readonly wait: number;
  readonly userTime: number;
  readonly userCpu: number;
  readonly userRam: number;
  readonly groupTime: number;
  readonly groupCpu: number;
  readonly groupRam: number;
  readonly user: number;
  readonly group: number;
}
export const WEIGHTS: Weights = {
  wait: 0.1,
  userTime: 1,
  userCpu: 0.2,
  userRam: 0.2,
  groupTime: 0.1,
  groupCpu: 0.01,
  groupRam: 0.01,
  user: 1,
  group: 1,
};

export interface Question {
  readonly now: Date;
  readonly policy: "fair-share" | "fifo";
  readonly weights: Weights;
  readonly groups: readonly Group[];
  readonly nodes: readonly Node[];
  /** Most that may start now. */
  readonly most: number;
  /** Nothing is counted: the cluster has a queue of its own. */
  readonly unlimited: boolean;
}

export interface Start {
  readonly id: number;
  readonly count: number;
}
export interface Reservation {
  readonly id: number;
  readonly node: string;
  /** From when there is room, when all that runs takes all of its time. */
  readonly at: Date;
}
export interface Answer {
  readonly starts: readonly Start[];
  readonly reserved: readonly Reservation[];
  /** No node could ever take them. */
  readonly tooLarge: readonly number[];
  /** Looked at, and without room now. Where nothing at all is left, only the first are looked at. */
  readonly waiting: readonly number[];
}

/** (v − min) / (max − min) over all, or a half where they are all about the same. */
export function scaled(values: readonly number[]): (value: number) => number {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return max - min < 1 ? () => 0.5 : value => (value - min) / (max - min);
}

/** The lower comes first. Of a study that is none, the heaviest study's use counts. */
export function scoresOf(groups: readonly Group[], now: Date, weights: Weights): number[] {
  const wait = (group: Group): number => (now.getTime() - (group.heads[0]?.queuedAt.getTime() ?? now.getTime())) / 1000;
  const heaviest = (of: (used: Used) => number): number =>
    Math.max(0, ...groups.filter(group => group.study !== 0).map(group => of(group.studyUsed)));
  const study = (of: (used: Used) => number) => {
    const most = heaviest(of);
    return (group: Group): number => (group.study === 0 ? Math.max(most, of(group.studyUsed)) : of(group.studyUsed));
  };
  const person = (of: (used: Used) => number) => (group: Group) => of(group.personUsed);
  const parts: readonly (readonly [weight: number, value: (group: Group) => number])[] = [
    [weights.userTime, person(used => used.seconds)],
    [weights.userCpu, person(used => used.cpu)],
    [weights.userRam, person(used => used.memoryMib / 1024)],
    [weights.groupTime, study(used => used.seconds)],
    [weights.groupCpu, study(used => used.cpu)],
    [weights.groupRam, study(used => used.memoryMib / 1024)],
  ];
  const scales = parts.map(([weight, value]) => {
    const scale = scaled(groups.map(value));
    return (group: Group): number => weight * scale(value(group));
  });
  const waited = scaled(groups.map(wait));
  return groups.map(
    group =>
      weights.wait * (1 - waited(wait(group))) +
      scales.reduce((sum, part) => sum + part(group), 0) +
      weights.user * (1 - group.personQuotas.prio / 100) +
      weights.group * (1 - group.studyQuotas.prio / 100),
  );
}

const fits = (room: Room, need: Room): boolean =>
  need.cpu <= room.cpu &&
  need.memoryMib <= room.memoryMib &&
  need.gpus <= room.gpus &&
  (need.units === undefined || Object.entries(need.units).every(([name, count]) => count <= (room.units?.[name] ?? 0)));
const moved =
  (sign: 1 | -1) =>
  (room: Room, part: Room): Room => ({
    cpu: room.cpu + sign * part.cpu,
    memoryMib: room.memoryMib + sign * part.memoryMib,
    gpus: room.gpus + sign * part.gpus,
    units: part.units === undefined ? room.units : movedUnits(sign, room.units ?? {}, part.units),
  });
const movedUnits = (sign: 1 | -1, units: Units, part: Units): Units => ({
  ...units,
  ...Object.fromEntries(Object.entries(part).map(([name, count]) => [name, (units[name] ?? 0) + sign * count])),
});
const [more, less] = [moved(1), moved(-1)];

/** Whether a node has the labels that are asked for. */
const hasLabels = (labels: Readonly<Record<string, string>>, wanted: Candidate["labels"]): boolean =>
  wanted.every(([name, value]) => labels[name] === value);

interface Working {
  readonly node: Node;
  free: Room;
  taken: (Room & { readonly until: number })[];
  /** Room that is kept from `at` on, and what will be free beside it then. */
  kept: { readonly at: number; spare: Room } | undefined;
}

/** When a node will have room, if all that runs there takes all of its time. */
function roomAt(working: Working, need: Room, now: number): { readonly at: number; readonly spare: Room } {
  let room = working.free;
  let at = now;
  for (const run of working.taken.toSorted((a, b) => a.until - b.until)) {
    if (fits(room, need)) break;
    room = more(room, run);
    at = Math.max(at, run.until);
  }
  return { at, spare: less(room, need) };
}

export function decide(question: Question): Answer {
  const { now, groups, nodes, most, unlimited } = question;
  const time = now.getTime();
  const starts = new Map<number, number>();
  const reserved: Reservation[] = [];
  const tooLarge: number[] = [];
  const waiting: number[] = [];
  const working: Working[] = nodes
    .filter(node => node.isUp)
    .map(node => ({
      node,
      free: node.taken.reduce<Room>(less, node),
      taken: node.taken.map(run => ({ ...run, until: run.until.getTime() })),
      kept: undefined,
    }));
  const base = question.policy === "fifo" ? groups.map(() => 0) : scoresOf(groups, now, question.weights);
  const total = Math.max(
    1,
    nodes.reduce((sum, node) => sum + node.cpu, 0),
  );
  // What runs now counts as used already, so that nobody takes all there is in one go.
  const held = new Map<string, number>();
  const hold = (key: string, cpu: number): unknown => held.set(key, (held.get(key) ?? 0) + cpu / total);
  for (const node of nodes)
    for (const run of node.taken) {
      hold(`p${run.person}`, run.cpu);
      hold(`s${run.study}`, run.cpu);
    }
  const lines = groups.map((group, index) => ({ group, base: base[index]!, at: 0, left: group.heads[0]?.left ?? 0 }));
  const scoreOf = (line: (typeof lines)[number]): number =>
    question.policy === "fifo"
      ? 0
      : line.base +
        (held.get(`p${line.group.person}`) ?? 0) +
        0.1 * (line.group.study === 0 ? 0 : (held.get(`s${line.group.study}`) ?? 0));
  const next = (line: (typeof lines)[number]): void => {
    line.at++;
    line.left = line.group.heads[line.at]?.left ?? 0;
  };

  // With nothing left anywhere, and room kept for whoever is first, the others need not be looked at.
  const isFull = (): boolean => working.every(({ free, kept }) => kept !== undefined && (free.cpu < 1 || free.memoryMib < 1));

  for (let started = 0; started < most; ) {
    if (!unlimited && waiting.length > 0 && isFull()) break;
    let best: (typeof lines)[number] | undefined;
    let bestScore = 0;
    for (const line of lines) {
      const head = line.group.heads[line.at];
      if (!head) continue;
      const score = scoreOf(line);
      const isBetter = !best || score < bestScore || (score === bestScore && head.id < best.group.heads[best.at]!.id);
      if (isBetter) [best, bestScore] = [line, score];
    }
    if (!best) break;
    const head = best.group.heads[best.at]!;
    const place = unlimited ? "free" : placeFor(head, working, time);
    if (place === "free" || (place !== "never" && place !== "later")) {
      if (place !== "free") {
        const until = time + head.walltimeSeconds * 1000;
        place.free = less(place.free, head);
        place.taken.push({ cpu: head.cpu, memoryMib: head.memoryMib, gpus: head.gpus, until });
        if (place.kept && until > place.kept.at) place.kept.spare = less(place.kept.spare, head);
      }
      starts.set(head.id, (starts.get(head.id) ?? 0) + 1);
      hold(`p${best.group.person}`, head.cpu);
      hold(`s${best.group.study}`, head.cpu);
      started++;
      if (--best.left < 1) next(best);
      continue;
    }
    if (place === "never") tooLarge.push(head.id);
    else {
      waiting.push(head.id);
      const reservation = reserve(head, working, time);
      if (reservation) reserved.push(reservation);
    }
    next(best);
  }
  return { starts: [...starts].map(([id, count]) => ({ id, count })), reserved, tooLarge, waiting };
}

const usable = (working: readonly Working[], head: Candidate): Working[] =>
  working.filter(({ node }) => fits(node, head) && hasLabels(node.labels, head.labels) && !head.avoid.includes(node.name));

function placeFor(head: Candidate, working: readonly Working[], now: number): Working | "never" | "later" {
  const able = usable(working, head);
  if (able.length === 0) return "never";
  const until = now + head.walltimeSeconds * 1000;
  const free = able.filter(
    place => fits(place.free, head) && (!place.kept || until <= place.kept.at || fits(place.kept.spare, head)),
  );
  // The fullest that still has room: large rooms stay whole.
  return free.sort((a, b) => a.free.cpu - b.free.cpu)[0] ?? "later";
}

/** Keeps room for one on the node that has it soonest, where none is kept yet. */
function reserve(head: Candidate, working: readonly Working[], now: number): Reservation | undefined {
  const [soonest] = usable(working, head)
    .filter(place => place.kept === undefined)
    .map(place => ({ place, ...roomAt(place, head, now) }))
    .sort((a, b) => a.at - b.at);
  if (!soonest) return undefined;
  soonest.place.kept = { at: soonest.at, spare: soonest.spare };
  return { id: head.id, node: soonest.place.node.name, at: new Date(soonest.at) };
}

/**
 * When a task should start, if everything takes all of the time that it may take and nobody comes in between: so at the latest, as far
 * as what waits now decides it.
 * @param notBefore its turn does not come before this
 * @returns undefined when it is not among the candidates, can never start, or too much comes before it to tell
 */
export function forecast(
  question: Question,
  id: number,
  { mostSteps = 400, notBefore = question.now }: { readonly mostSteps?: number; readonly notBefore?: Date } = {},
): Date | undefined {
  const origin = new Map(question.groups.flatMap(group => group.heads.map(head => [head.id, { group, head }] as const)));
  if (!origin.has(id)) return undefined;
  let { now, groups, nodes } = question;
  for (let step = 0; step < mostSteps; step++) {
    const isEarly = now < notBefore;
    const asked = isEarly ? groups.map(group => ({ ...group, heads: group.heads.filter(head => head.id !== id) })) : groups;
    const { starts, tooLarge } = decide({ ...question, now, groups: asked, nodes });
    if (starts.some(start => start.id === id)) return now;
    if (tooLarge.includes(id)) return undefined;
    const started = new Map(starts.map(start => [start.id, start.count]));
    groups = groups.map(group => ({
      ...group,
      heads: group.heads.flatMap(head => {
        const left = head.left - (started.get(head.id) ?? 0);
        return left > 0 ? [{ ...head, left }] : [];
      }),
    }));
    const at = now.getTime();
    const grown = nodes.map(node => ({ ...node, taken: [...node.taken] }));
    for (const { id: startedId, count } of starts) {
      const { group, head } = origin.get(startedId)!;
      for (let n = 0; n < count; n++) {
        const node = grown.find(
          candidate =>
            candidate.isUp &&
            hasLabels(candidate.labels, head.labels) &&
            fits(candidate.taken.reduce<Room>(less, candidate), head),
        );
        node?.taken.push({
          ...head,
          until: new Date(at + head.walltimeSeconds * 1000),
          person: group.person,
          study: group.study,
        });
      }
    }
    nodes = grown;
    const ends = nodes.flatMap(node => node.taken.map(run => run.until.getTime())).filter(end => end > at);
    if (isEarly) ends.push(notBefore.getTime());
    if (ends.length === 0) return undefined;
    now = new Date(Math.min(...ends));
    const passed = now.getTime();
    nodes = nodes.map(node => ({ ...node, taken: node.taken.filter(run => run.until.getTime() > passed) }));
  }
  return undefined;
}
