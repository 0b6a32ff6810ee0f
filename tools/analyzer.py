"""analyzer.py BUILD: gcc -fanalyzer over the C files that standard input names, by the compile commands of BUILD; exits 1 where it finds
anything. SEJF_ANALYZER: err.h tells it what it cannot see."""
import concurrent.futures, json, os, shlex, subprocess, sys

build = sys.argv[1]
wanted = {os.path.realpath(line.strip()) for line in sys.stdin if line.strip()}
extra = ["-fanalyzer", "-O1", "-DSEJF_ANALYZER", "-Wno-error", "-Wno-format-truncation", "-fdiagnostics-color=never", "-o", os.devnull]


def command(entry):
    words, out = [w for w in shlex.split(entry["command"]) if not w.endswith("ccache")], []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MQ", "-MT"):
            skip = True
        elif word != "-MD":
            out.append(word)
    return ["gcc"] + out + extra


def run(entry):
    done = subprocess.run(command(entry), cwd=entry["directory"], stderr=subprocess.PIPE, text=True)
    return done.returncode != 0 or "-Wanalyzer" in done.stderr, done.stderr


with open(os.path.join(build, "compile_commands.json")) as f:
    entries = {os.path.realpath(os.path.join(e["directory"], e["file"])): e for e in json.load(f)}
missing = sorted(wanted - entries.keys())
bad = bool(missing)
for name in missing:
    print(f"{name}: not in the compile commands of {build}")
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for wrong, said in pool.map(run, [entries[name] for name in sorted(wanted & entries.keys())]):
        bad |= wrong
        if wrong:
            print(said, end="")
sys.exit(1 if bad else 0)
