"""Run a stranger's notebooks apart: no network, no home, nothing to keep.

On Linux, name spaces give a file system of its own in memory, where the
system and this project can be read and nothing else is there. In it a runner
unpacks the ZIP and talks to the kernel; the kernel is in name spaces of its
own again, without rights, and cannot reach the runner. What it printed comes
out through the runner's pipe.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from submission.files import DATA, ROOT

MAX_SECONDS = 900  # for one hand-in
KEPT_VARIABLES = {
    *("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "OMP_NUM_THREADS"),
    *("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
}
NOBODY = "65534"  # who, unlike root, can be limited in processes
# The arguments: an empty folder, what can be read, `--`, the command.
NEW_ROOT = """
set -eu
PATH=$PATH:/usr/sbin:/sbin  # where pivot_root is, and not every user looks
new=$1; shift
mount -t tmpfs tmpfs "$new"
mkdir "$new/tmp" "$new/old"
mount -t tmpfs -o size=1g,nr_inodes=100k tmpfs "$new/tmp"
while [ "$1" != -- ]; do
    mkdir -p "$new$(dirname "$1")"
    if [ -L "$1" ]; then
        cp -P "$1" "$new$1"
    elif [ -d "$1" ]; then
        mkdir -p "$new$1"
        mount --rbind "$1" "$new$1"
        mount -o remount,bind,ro,nosuid,nodev "$new$1"
    fi
    shift
done
shift
mkdir -p "$new/proc" "$new/dev/pts"
mount -t proc proc "$new/proc" 2>&- || mount --rbind /proc "$new/proc"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$new/dev/pts"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /tmp "$new/dev/shm"
for device in null zero random urandom; do
    touch "$new/dev/$device"
    mount --bind "/dev/$device" "$new/dev/$device"
done
mount -o remount,bind,ro "$new"
cd "$new"
pivot_root . old
umount -l /old
exec "$@"
"""
SPACES = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
SPACES += ["--kill-child"]
# Where a container hides parts of /proc, it is that of the runner.
OWN_PROC = ["sh", "-c", 'mount -t proc proc /proc 2>&-; exec "$@"', "sh"]
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
WITHOUT_RIGHTS += ["--no-new-privs"]
KERNEL_SPACES = [*SPACES, "--mount", *OWN_PROC, *WITHOUT_RIGHTS]
KERNEL = "of-a-hand-in"


def apart(folder, *more):
    """What to put before a command so that it runs apart.

    Parameters
    ----------
    folder : path
        Empty; it becomes the root.
    *more : paths
        Other folders that can be read.
    """
    readable = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc"]
    readable += [sys.base_prefix, sys.prefix, ROOT / "submission", mnist()]
    as_nobody = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
    return [
        # No longer than this process, and after what others do.
        *("nice", "setpriv", "--pdeathsig", "KILL"),
        *(as_nobody if os.geteuid() == 0 else []),
        *(*SPACES, "--net", "--mount", "--ipc", "sh", "-c", NEW_ROOT, "sh"),
        *(str(path) for path in (folder, *dict.fromkeys([*readable, *more]))),
        "--",
    ]


def mnist():
    """The folder with MNIST."""
    return Path(os.environ.get("MNIST_DIR", DATA / "mnist")).resolve()


@functools.cache
def is_offered():
    """Whether the system lets programs run apart: found out by trying."""
    if not sys.platform.startswith("linux"):
        return False
    program = [*KERNEL_SPACES, sys.executable, "-c", "import submission.look"]
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            return not subprocess.run(
                [*apart(folder), *program],
                cwd="/",
                env={"PYTHONPATH": str(ROOT)} | environment(),
                capture_output=True,
                timeout=60,
                check=False,
            ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def environment():
    """The variables of this process that a notebook may see."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT_VARIABLES}
    programs = [os.path.dirname(sys.executable), kept.get("PATH", os.defpath)]
    return kept | {
        "PATH": os.pathsep.join(programs),
        "MNIST_DIR": str(mnist()),
        "PYTHONPATH": str(ROOT),
    }


def run_again(path, notebooks, is_apart=True):
    """Run the notebooks of a ZIP that is safe to unpack.

    Returns
    -------
    dict
        `notebooks`: path -> what the executed notebook is as JSON, or, in
        `problems`, what went wrong; `imports`: the names that they imported.
    """
    request = {"notebooks": notebooks, "apart": is_apart}
    with (
        tempfile.TemporaryDirectory(prefix="hand-in ") as folder,
        tempfile.TemporaryDirectory() as jupyter,
    ):
        for each in folder, jupyter:
            os.chmod(each, 0o755)
        write_kernel(Path(jupyter), is_apart)
        request["folder"] = "/tmp" if is_apart else folder
        command = [sys.executable, "-m", "submission.rerun"]
        with open(path, "rb") as file:
            process = subprocess.Popen(
                [*(apart(folder, jupyter) if is_apart else []), *command],
                cwd=folder,
                env=environment()
                | {"HAND_IN": json.dumps(request), "JUPYTER_PATH": jupyter},
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        try:
            printed, _ = process.communicate(timeout=MAX_SECONDS)
            return json.loads(printed)
        except subprocess.TimeoutExpired:
            problem = f"The run did not end within {MAX_SECONDS} seconds."
        except ValueError:
            problem = "The run ended before its notebooks did."
        finally:
            process.kill()
            process.communicate()
    problems = dict.fromkeys(notebooks, problem)
    return {"notebooks": {}, "problems": problems, "imports": []}


def write_kernel(folder, is_apart):
    """Describe to Jupyter, where notebooks only read, what they run in."""
    start = Path(__file__).with_name("kernel.py")
    argv = [sys.executable, str(start), "-f", "{connection_file}"]
    spec = {
        "argv": [*(KERNEL_SPACES if is_apart else []), *argv],
        "display_name": KERNEL,
        "language": "python",
    }
    target = folder / "kernels" / KERNEL / "kernel.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(spec))
