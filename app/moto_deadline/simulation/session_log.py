"""What is written into the log of a session: the forms of the OpenJD runtime and of AWS's worker agent 0.33,
as captured (``tests/data/agent``), around what a renderer prints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

_DOUBLE = "=" * 46
_SINGLE = "-" * 46

BLANK = " "
"""A blank line arrives as one space."""

GRACE = timedelta(seconds=3)
"""How long a process that is told to end is waited for."""

_AGENT = "/opt/deadline/worker/lib/python3.11/site-packages/deadline"


def banner(title: str) -> list[str]:
    """How the runtime announces what follows: a title, in three lines with double rules."""
    return [_DOUBLE, f"--------- {title}", _DOUBLE]


def phase(name: str) -> list[str]:
    """How the runtime announces a phase of an action: its name, in three lines with single rules."""
    return [_SINGLE, f"Phase: {name}", _SINGLE]


def _embedded(word: str, files: dict[str, str]) -> list[str]:
    """The phase in which the files of a script are written; ``files`` are paths by their names."""
    return [
        *phase("Setup"),
        f"Allocating embedded file paths for {word}.",
        *(f"Mapping: {name} -> {path}" for name, path in files.items()),
        f"Writing embedded files to disk for {word}.",
        *(f"Wrote: {name.rpartition('.')[2]} -> {path}" for name, path in files.items()),
    ]


def _running(folder: str, pid: int) -> list[str]:
    return [
        *phase("Running action"),
        f"Running command {script(folder, pid)}",
        f"Command started as pid: {pid}",
        "Output:",
    ]


def script(folder: str, pid: int) -> str:
    """Where the script lies that runs a command."""
    return f"{folder}/run{pid:08x}.sh"


def _file(folder: str, pid: int, number: int = 0) -> str:
    return f"{folder}/embedded_files/run{pid * 4 + number:08x}"


def environment(title: str, folder: str, pid: int) -> list[str]:
    """The beginning of entering or leaving an environment; ``title`` says which."""
    files = {f"Env.File.{name}": _file(folder, pid, n) for n, name in enumerate(("Enter", "Exit"))}
    return [BLANK, *banner(title), *_embedded("Environment", files), *_running(folder, pid)]


def task(folder: str, pid: int, parameters: dict[str, str]) -> list[str]:
    """The beginning of a task."""
    values = ["Parameter values:", *(f"{name} = {value}" for name, value in parameters.items())]
    files = {"Task.File.Run": _file(folder, pid)}
    return [
        BLANK,
        *banner("Running Task"),
        *(values if parameters else []),
        *_embedded("Task", files),
        *_running(folder, pid),
    ]


def attachments(title: str, folder: str, pid: int) -> list[str]:
    """The beginning of a download or an upload of job attachments: no blank line stands before it."""
    files = {"Task.File.WorkerManifestProperties": _file(folder, pid)}
    return [*banner(title), *_embedded("Task", files), *_running(folder, pid)]


def ending(pid: int, exit_code: int) -> list[str]:
    """How the runtime tells that a process is over; an exit code below 0 is a signal's number."""
    return [f"Process pid {pid} exited with code: {exit_code} (unsigned) / {hex(exit_code)} (hex)"]


def cleanup(folder: str) -> list[str]:
    """What is written last, when the farm has dropped the session already."""
    return [BLANK, *banner("Session Cleanup"), f"Deleting working directory: {folder}"]


# --- job attachments ----------------------------------------------------------------------------------

DOWNLOADED = "Downloaded 412.5 MB / 412.5 MB of 37 files (Transfer rate: 96.1 MB/s)"


def download() -> list[str]:
    """What the worker agent prints of a download of job attachments that goes well."""
    return [
        BLANK,
        "Starting download...",
        "openjd_progress: 100.0",
        f"openjd_status: {DOWNLOADED}",
        "Summary Statistics for file downloads:",
        "Processed 37 files totaling 412.5 MB.",
        "Skipped re-processing 0 files totaling 0 B.",
        "Total processing time of 4.29 seconds at 96.1 MB/s.",
        BLANK,
        "Finished downloading after 4.31 seconds",
    ]


def upload(folder: str, frame: int, manifest: str, at: datetime) -> list[str]:
    """``manifest`` is where the manifest of the outputs is kept (`output_manifest`)."""
    root = f"{folder}/assetroot-5f0c1e7ad93b24c86a11"
    snapshot = f"manifest_snapshot/output-{frame:04}-{at:%Y-%m-%dT%H-%M-%S}.manifest"
    return [
        f"Manifest generated at manifest_merge/merge-{at:%Y-%m-%dT%H-%M-%S}.manifest",
        f'ja_snapshot: {{"root": "{root}", "manifest": "{snapshot}"}}',
        BLANK,
        "Starting upload...",
        f"Found 1 file totaling 38.2 MB in output directory: {root}",
        "Uploading 1 output file to S3: northlight-attachments/northlight/Data",
        f"Uploaded output manifest to {manifest}",
        "Summary Statistics for file uploads:",
        "Processed 1 file totaling 38.2 MB.",
        "Skipped re-processing 0 files totaling 0 B.",
        "Total processing time of 0.47 seconds at 81.3 MB/s.",
        BLANK,
        f'ja_upload: [{{"output_manifest_path": "{manifest}"}}]',
        "Finished after 0.53 seconds",
    ]


def failed_upload(at: datetime) -> list[str]:
    """What the worker agent prints of an upload of job attachments that may not write its cache."""
    return [
        f"Manifest generated at manifest_merge/merge-{at:%Y-%m-%dT%H-%M-%S}.manifest",
        "Traceback (most recent call last):",
        f'  File "{_AGENT}_worker_agent/sessions/actions/scripts/attachment_upload.py", line 442, in main',
        "    root_path_to_output_manifest = snapshot(",
        "                                   ^^^^^^^^^",
        f'  File "{_AGENT}/job_attachments/caches/cache_db.py", line 61, in __init__',
        "    os.makedirs(cache_dir, exist_ok=True)",
        '  File "<frozen os>", line 225, in makedirs',
        "PermissionError: [Errno 13] Permission denied: '/home/render/.deadline/job_attachments'",
    ]


# --- what goes wrong ----------------------------------------------------------------------------------

FAILURE = [
    "WARNING: texture cache at 92%",
    "openjd_fail: Failed to load asset /mnt/assets/tree_v07.abc",
    "ERROR: License server unreachable: could not check out renderer (code 7)",
]
FAILURE_MESSAGE = "Failed to load asset /mnt/assets/tree_v07.abc"

NO_GPU_MESSAGE = "CUDA error: no CUDA-capable device is detected"
NO_GPU = [
    "loading scene",
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    f"openjd_fail: {NO_GPU_MESSAGE}",
    f"ERROR: {NO_GPU_MESSAGE} (cudaErrorNoDevice, 100): nothing to render on (code 7)",
]
"""What a renderer prints on a worker whose GPU is not there; it exits with 7."""


def not_found(folder: str, pid: int) -> list[str]:
    """What the shell prints where the renderer is not installed; it exits with 127."""
    return [f"{script(folder, pid)}: 19: exec: /opt/renderers/karma-20.5/bin/karma: not found"]


def traceback(folder: str, pid: int) -> list[str]:
    """What a renderer's Python prints where a file of the scene is missing; it exits with 1."""
    file = _file(folder, pid)
    return [
        "loading scene",
        "Traceback (most recent call last):",
        f'  File "{file}", line 5, in <module>',
        '    load("/mnt/assets/missing.usd")',
        f'  File "{file}", line 4, in load',
        "    return open(path)",
        "           ^^^^^^^^^^",
        "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/assets/missing.usd'",
    ]


def timed_out(pid: int, at: datetime) -> list[str]:
    """What the runtime says of an action that has run into its time limit: it kills it at once."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return [
        f"TIMEOUT - Runtime limit reached at {stamp}. Canceling action.",
        f"Canceling subprocess {pid} via termination method at {stamp}.",
        f'INTERRUPT: Sending signal "kill" to process group {pid}',
    ]


def canceling(pid: int, at: datetime) -> list[str]:
    """What the runtime says when an action is canceled, be it for a user or for a worker that goes away."""
    return [
        f"Canceling subprocess {pid} via notify then terminate method at {at:%Y-%m-%dT%H:%M:%SZ}.",
        f"Grace period ends at {at + GRACE:%Y-%m-%dT%H:%M:%SZ}",
        f'INTERRUPT: Sending signal "term" to process {pid}',
    ]


# --- what a renderer prints ---------------------------------------------------------------------------


def progress(frame: int, percent: int) -> list[str]:
    """What a renderer prints at so many per cent of a frame: two directives and a line of its own."""
    return [
        f"openjd_progress: {percent}",
        f"openjd_status: Frame {frame} tile {percent}%",
        f"INFO: sample pass {percent} done, mem 3.1G",
    ]


def rendering(seed: int) -> Callable[[int], str]:
    """What a renderer prints while it renders, line by line: the same for the same seed."""

    def line(index: int) -> str:
        mixed = (index * 2_654_435_761 + seed * 40_503) & 0xFFFFFFFF
        if index % 20_000 == 13_337:
            return f"ERROR: [render] bucket {index % 4096} gave NaN in AOV specular, sample {mixed % 512}"
        if index % 500 == 250:
            return f"WARNING: [texture] cache at {80 + mixed % 19}%, evicting tex_{mixed % 997:03}.tx"
        if index % 1000 == 999:
            return f"openjd_status: Bucket {index // 1000}, {mixed % 60 + 20} samples a pixel"
        tile = f"tile {mixed % 64:02}x{(mixed >> 6) % 36:02}"
        return (
            f"[render] {tile} sample {(mixed >> 12) % 512:03} rays {mixed % 9_999_999:>7} "
            f"noise 0.{mixed % 99_999:05} mem {2048 + (mixed >> 20):>5} MiB, line {index} of the frame log"
        )

    return line
