import { bytes, count, flag, lifespan, list, oneOf, secret, volumes, whole } from "./kinds.ts";

export const tasks = {
  computeFirstUid: count(
    "COMPUTE_FIRST_UID",
    "100000",
    "Tasks of a person run under this number plus that of the person, as user and as group.",
  ),
  computeVolumes: volumes(
    "COMPUTE_VOLUMES",
    "",
    "Folders that tasks may ask for by name, such as `db=ro:/srv/db,scratch=rw:/scratch/$USERID:/scratch`: name, most access, path, where it is seen. `$USERID` becomes the user's name.",
  ),
  taskCpu: count("TASK_CPU", "1", "Cores of a task that asks for none."),
  taskMemory: bytes("TASK_MEMORY", "2 GiB", "Memory of a task that asks for none."),
  taskLifespan: lifespan(
    "TASK_LIFESPAN",
    "7d",
    "Longest time of a task that asks for none: days, hours or seconds (`7d`, `12h`, `90s`).",
  ),
  taskRetries: whole("TASK_RETRIES", "0", "How often a task may begin again at most when its node fails."),
  taskSkipFailedNodes: flag("TASK_SKIP_FAILED_NODES", "false", "A task that begins again avoids nodes that failed under it."),
  taskAllowRoot: flag(
    "TASK_ALLOW_ROOT",
    "true",
    "Tasks may show as root inside. Outside they are the person's own account all the same.",
  ),
  taskImages: list("TASK_IMAGES", "host", "Images that are offered first, the default in front."),
  taskOtherImages: flag("TASK_OTHER_IMAGES", "true", "Tasks may name other images than those in TASK_IMAGES."),
  taskPolicy: oneOf("fair-share", "fifo")(
    "TASK_POLICY",
    "fair-share",
    "Who is next: those who used less of late, or those who came first.",
  ),
  taskUsageDays: count("TASK_USAGE_DAYS", "30", "For how long use counts: for quotas, and for whose turn it is."),
  taskRateLimit: whole(
    "TASK_RATE_LIMIT",
    "0",
    "Most tasks of one person that may wait, elements of arrays included; 0: no limit.",
  ),
  taskRateLimitAll: whole("TASK_RATE_LIMIT_ALL", "10000", "Most tasks that may wait in all, arrays counted once; 0: no limit."),
  taskShareStudies: flag("TASK_SHARE_STUDIES", "false", "Members of a study may see and manage each other's tasks in it."),
  taskOwnerQuotas: flag(
    "TASK_OWNER_QUOTAS",
    "true",
    "Whoever owns a project may change its quotas and priority, not only administrators.",
  ),
  taskKeepDays: whole("TASK_KEEP_DAYS", "30", "Files of tasks are removed after so many days; 0: never."),
  taskDisk: bytes("TASK_DISK", "100 GiB", "Most that one task may write to its folder."),
  taskOutput: bytes("TASK_OUTPUT", "2 GiB", "Most that one task may print."),
  taskProcesses: count("TASK_PROCESSES", "4096", "Most processes of one task."),
  taskDiskQuota: bytes("TASK_DISK_QUOTA", "0", "Most that the files of all tasks of a person may take; 0: no limit."),
  taskMaxDownload: bytes("TASK_MAX_DOWNLOAD", "0", "Largest file of a task that can be downloaded; 0: no limit."),
  taskPortStart: count("TASK_PORT_START", "10000", "First port of a node that is given to tasks."),
  taskPortRange: count("TASK_PORT_RANGE", "1000", "How many ports are given to tasks."),
  godockerSecret: secret(
    "GODOCKER_SECRET_PASSPHRASE",
    "",
    "Signs the tokens of the GO-Docker API, where other services must check them. Empty: made from SECRET_KEY.",
  ),
  godockerSharedSecret: secret(
    "GODOCKER_SHARED_SECRET_PASSPHRASE",
    "",
    "Shared with services that are handed tasks, or that ask whose an application token is. Empty: nobody but Havre knows it.",
  ),
  godockerTokenLife: lifespan(
    "GODOCKER_TOKEN_LIFE",
    "30d",
    "How long a token of the GO-Docker API is good. Galaxy asks for one once and keeps it.",
  ),
  prometheusKey: secret("PROMETHEUS_KEY", "", "Key with which other programs add numbers to /metrics. Empty: they cannot."),
};
