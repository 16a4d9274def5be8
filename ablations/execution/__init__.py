"""From a study to finished runs: plan, job, worker, checkpoint, executors, progress, verification."""
