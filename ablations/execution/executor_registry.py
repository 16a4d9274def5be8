"""Which executors there are, apart from their code: the command line names them before anything heavy is loaded."""

EXECUTORS = {
    "serial": "ablations.execution.executors.serial:SerialExecutor",
    "processes": "ablations.execution.executors.processes:ProcessExecutor",
    "ray": "ablations.execution.executors.ray_cluster:RayExecutor",
}
"""Where the class of each stands; it is imported when it is asked for."""
