#!/usr/bin/env python3
"""Runs command-line scripts and compares what the commands say with what the scripts expect.

    tests/cli/run.py SALLYPORT [SCRIPT...]      SALLYPORT is the program; default: every *.txt here

A script is text. It runs in an empty directory of its own, with `sallyport` on the PATH and an
empty $TMPDIR. It may hold, in any order:

    # a comment
    -- a.toml --               a file to write: the lines up to the next "--"
    workers = 1
    --
    $ sallyport check -c a.toml         a command for sh; then what it must print
    stdout, line by line
    2> a line of stderr
    => 1                       the exit code, where it is not 0

In an expected line [..] stands for any text and [DIR] for the script's directory; a line ... stands
for any lines, or none ("2> ..." on stderr). Empty lines at the end of an expectation do not count.
"""

import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

# Making an RSA key on a busy machine takes seconds; nothing here takes a minute unless it hangs.
TIMEOUT_SECONDS = 60


class Step:
    """One command, and what it is expected to print."""

    def __init__(self, command, line):
        self.command = command
        self.line = line
        self.stdout = []
        self.stderr = []
        self.code = 0


def parse(script):
    """The script as a list of (file name, content) and Steps, in its order."""
    items = []
    step = None
    lines = iter(enumerate(script.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        if match := re.fullmatch(r"-- (\S+) --", line):
            content = []
            for number, line in lines:
                if line == "--":
                    break
                content.append(line + "\n")
            else:
                raise SystemExit(f"{script}: the file {match[1]} does not end with --")
            items.append((match[1], "".join(content)))
            step = None
        elif line.startswith("$ "):
            step = Step(line[2:], number)
            items.append(step)
        elif line.startswith("#"):
            continue
        elif step is None:
            if line:
                raise SystemExit(f"{script}:{number}: not part of a file or of a command")
        elif match := re.fullmatch(r"=> (\d+)", line):
            step.code = int(match[1])
        elif line.startswith("2> "):
            step.stderr.append(line[3:])
        else:
            step.stdout.append(line)
    return items


def trimmed(lines):
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def pattern_of(line):
    return re.compile(".*".join(re.escape(part) for part in line.split("[..]")))


def matches(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return (bool(actual) and pattern_of(expected[0]).fullmatch(actual[0]) is not None
            and matches(expected[1:], actual[1:]))


def difference(what, expected, actual):
    """A unified diff, in which lines that match only by their wildcards count as equal."""
    shown = []
    for line in expected:
        same = [one for one in actual if pattern_of(line).fullmatch(one)]
        shown.append(same[0] if same else line)
    return list(difflib.unified_diff(shown, actual, f"{what} expected", f"{what} found",
                                     lineterm="", n=100))


def execute(command, directory, environment):
    """Exit code, stdout and stderr. Whatever the command started ends with it."""
    with subprocess.Popen(["sh", "-c", command], cwd=directory, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="backslashreplace", start_new_session=True) as process:
        try:
            stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)
            code = process.returncode
        except subprocess.TimeoutExpired:
            code, stdout, stderr = f"none after {TIMEOUT_SECONDS} s", "", ""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return code, stdout.splitlines(), stderr.splitlines()


def run_step(step, directory, environment):
    """What went otherwise than expected, as lines; none where nothing did."""
    code, stdout, stderr = execute(step.command, directory, environment)
    wrong = []
    for what, expected, actual in [("stdout", step.stdout, stdout),
                                   ("stderr", step.stderr, stderr)]:
        expected = [line.replace("[DIR]", str(directory)) for line in trimmed(expected)]
        actual = trimmed(actual)
        if not matches(expected, actual):
            wrong += difference(what, expected, actual)
    if code != step.code:
        wrong += ["--- exit code expected", "+++ exit code found",
                  f"-=> {step.code}", f"+=> {code}"]
    return wrong


def run_script(script, sallyport):
    """True where every step went as expected. A script ends with its first wrong step."""
    with tempfile.TemporaryDirectory(prefix="sallyport-cli-") as top:
        top = pathlib.Path(top).resolve()
        directory, bin_directory, tmp = top / "work", top / "bin", top / "tmp"
        for made in (directory, bin_directory, tmp):
            made.mkdir()
        (bin_directory / "sallyport").symlink_to(sallyport)
        environment = {"PATH": f"{bin_directory}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                       "HOME": str(directory), "TMPDIR": str(tmp), "SALLYPORT": str(sallyport)}
        environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        for item in parse(script):
            if not isinstance(item, Step):
                name, content = item
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                (directory / name).write_text(content.replace("[DIR]", str(directory)),
                                              encoding="utf-8")
                continue
            if wrong := run_step(item, directory, environment):
                print(f"{script.name}:{item.line}: $ {item.command}")
                print("\n".join("    " + line for line in wrong))
                return False
    return True


def main(arguments):
    if not arguments or not os.access(arguments[0], os.X_OK):
        print(__doc__, file=sys.stderr)
        return 2
    sallyport = pathlib.Path(arguments[0]).resolve()
    scripts = [pathlib.Path(name) for name in arguments[1:]]
    scripts = scripts or sorted(pathlib.Path(__file__).parent.glob("*.txt"))
    passed = sum(run_script(script, sallyport) for script in scripts)
    print(f"cli: {passed} passed, {len(scripts) - passed} failed")
    return 0 if scripts and passed == len(scripts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
