#!/usr/bin/env python3
"""Runs a verifier over the conformance files and compares exit codes with index.json.

  run.py --kind bundle -- ledger verify {file} --no-trust-file
  run.py --kind proof -- python3 verify_proof.py {file}

What a case gives (authors, checkpoint, genesis, key, leaf, payload, policy) is added as --NAME VALUE; --option NAME='-x {}'
changes that form. --without NAME skips cases that give something the verifier does not accept, or that need something it
does not do (projections). With --rules the last line that the verifier prints is JSON, and its "rule" is compared too."""
import argparse, concurrent.futures, json, os, shlex, subprocess, sys

def run(case, args, here, spelled):
    command = [os.path.join(here, case["file"]) if word == "{file}" else word for word in args.command]
    for name, value in sorted(case["given"].items()):
        if name in ("authors", "checkpoint", "policy", "leaf", "payload"):
            value = os.path.join(here, value)
        command += [word.replace("{}", value) for word in shlex.split(spelled.get(name, "--%s {}" % name))]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    rule = case["rule"]
    if args.rules and done.returncode == case["exit"]:
        rule = json.loads(done.stdout.splitlines()[-1])["rule"]
    return done.returncode, rule, command

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", choices=("bundle", "proof"), help="only these")
    p.add_argument("--without", action="append", default=[], metavar="NAME")
    p.add_argument("--option", action="append", default=[], metavar="NAME=SPELLING")
    p.add_argument("--rules", action="store_true")
    p.add_argument("command", nargs="+", metavar="COMMAND", help="with {file} where the file goes")
    args = p.parse_args()
    here, bad, n = os.path.dirname(os.path.abspath(__file__)), 0, 0
    here = os.path.join(here, "samples") if os.path.isdir(os.path.join(here, "samples")) else here
    with open(os.path.join(here, "index.json"), encoding="utf-8") as f:
        cases = json.load(f)
    cases = [c for c in cases if args.kind in (None, c["kind"]) and not set(args.without) & {*c["given"], *c.get("needs", [])}]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        spelled = dict(o.split("=", 1) for o in args.option)
        results = list(pool.map(lambda case: run(case, args, here, spelled), cases))
    for case, (code, rule, command) in zip(cases, results):
        n += 1
        if (code, rule) != (case["exit"], case["rule"]):
            bad += 1
            print("%s: exit %d, rule %s; right are %d, %s: %s\n    %s" % (
                case["file"], code, rule, case["exit"], case["rule"], case["about"], " ".join(map(shlex.quote, command))))
    print("%d cases, %d wrong" % (n, bad))
    return bad > 0 or n == 0

if __name__ == "__main__":
    sys.exit(main())
