"""The metrics of the mission over random histories, computed the plain way: every event is read, and nothing is asked of SQL.

    metrics_reference.py make SEED        prints random events as JSON Lines
    metrics_reference.py check DIR        compares DIR/events, DIR/tools, DIR/promotions and DIR/metrics.*"""
import json
import random
import sys


def make(seed):
    r = random.Random(seed)
    word = lambda *words: r.choice(words)
    made = {
        "plan.proposed": lambda: ("plan", {k: v for k, v in (("steps", r.randrange(3)), ("tier", word("T0", "T3"))) if r.random() < 0.7}),
        "plan.approved": lambda: ("plan", {}),
        "plan.closed": lambda: ("plan", {"outcome": word("completed", "failed")}),
        "debate.voted": lambda: ("debate", {"participant": word("x", "y"), "vote": word("yes", "yes", "no")}),
        "debate.concluded": lambda: ("debate", {"outcome": word("accepted", "rejected", "retained", "undecided", "error")}),
        "promotion.planned": lambda: ("promotion", {}),
        "promotion.debating": lambda: ("promotion", {}),
        "promotion.simulated": lambda: ("promotion", {"verdict": "pass"}),
        "promotion.verifying": lambda: ("promotion", {}),
        "promotion.gated": lambda: ("promotion", {"decision": word("pass", "refuse", "hold")}),
        "promotion.promoted": lambda: ("promotion", {}),
        "promotion.aborted": lambda: ("promotion", {"reason": "failed"}),
        "promotion.rolled_back": lambda: ("promotion", {}),
        "eval.finished": lambda: ("eval", word({}, {"verdict": "pass"}, {"verdict": "fail"})),
        "doctor.observed": lambda: ("check", dict(word({}, {"offline": True}, {"offline": False}), check="c",
                                                  **word({}, {"status": "ok"}, {"status": "ok"}, {"status": "missing"},
                                                         {"status": "not_applicable"}))),
        "run.tool_called": lambda: ("run", word({"tool": "Bash", "agent": "claude-code"}, {"tool": "Deploy"},
                                                {"tool": "Read", "agent": "claude-code", "server": "s"})),
        "run.tool_returned": lambda: ("run", dict(
            word({"tool": "Bash", "agent": "claude-code"}, {"tool": "Deploy"}, {"tool": "Read", "agent": "claude-code", "server": "s"},
                 {"agent": "claude-code"}),
            **word({}, {"ok": True}, {"ok": False}), **word({}, {"outcome": "ok"}, {"outcome": "error"}, {"outcome": "timeout"},
                                                            {"outcome": "denied"}, {"outcome": "cancelled"}),
            **word({}, {}, {"error": "x"}), **word({}, {}, {"exit_code": 0}, {"exit_code": 3}))),
    }
    for i in range(700):
        kind = r.choice(list(made))
        what, body = made[kind]()
        which = r.randrange(6 if what == "promotion" else 12)
        if "check" in body:
            body["check"] = str(which)
        line = {"kind": kind, "subject": "%s/%d" % (what, which), "body": body, "key": "k%d" % i}
        if r.random() < 0.7:
            line["time"] = "2026-01-%02dT%02d:00:00Z" % (r.randrange(1, 29), r.randrange(24))
        print(json.dumps(line))
    for i in range(8):  # promotions by legal steps, some of which are undone; a gate's answer counts where it was measured
        steps = [("planned", {}), ("debating", {}), ("simulated", {"verdict": "pass"}), ("verifying", {}), ("gated", {"decision": "pass"}),
                 ("promoted", {}), ("rolled_back", {})]
        for step, body in steps[: 6 if i == 0 else r.choice((6, 7))]:
            print(json.dumps({"kind": "promotion." + step, "subject": "promotion/legal%d" % i, "body": dict(body, digest="sha256:" + "1" * 64),
                              "grade": "measured", "key": "l%d%s" % (i, step), "time": "2026-01-%02dT00:00:00Z" % (3 * i + 1)}))


def share(rows):
    return (sum(map(bool, rows)), len(rows))


def newest(events, key):
    found = {}
    for e in events:
        found[key(e)] = e
    return found


def quantile(values, p):
    if not values:
        return None
    values = sorted(values)
    at = p * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def figures(live, inside, tools, promotions):
    """{(metric, label): (part, whole)}, or a latency and its count."""
    of = lambda events, *kinds: [e for e in events if e["kind"] in kinds]
    plans = newest(of(live, "plan.proposed"), lambda e: e["subject"])
    typed = []
    for subject in {e["subject"] for e in of(inside, "plan.approved", "plan.closed")}:
        body = plans[subject]["body"] if subject in plans else {}
        typed.append(body.get("steps", 0) > 0 and "tier" in body)
    took = []
    for e in of(inside, "promotion.simulated"):
        before = [b for b in of(live, "promotion.planned", "promotion.debating") if b["subject"] == e["subject"] and b["seq"] < e["seq"]]
        if before:
            took.append((e["time"] - before[-1]["time"]) / 1e6)
    succeeded = []
    for subject, end in newest(of(inside, "promotion.promoted", "promotion.aborted"), lambda e: e["subject"]).items():
        undone = [b for b in of(live, "promotion.rolled_back") if b["subject"] == subject and b["seq"] > end["seq"]]
        succeeded.append(end["kind"] == "promotion.promoted" and not undone and promotions.get(subject.split("/")[1], 1) == 0)
    healthy = [e["body"].get("status") == "ok" for e in of(inside, "doctor.observed")
               if e["body"].get("status") != "not_applicable" and not e["body"].get("offline")]
    ret = {("plan_typeability", ""): share(typed), ("debate_agreement", ""): (0, 0),  # nobody signed a vote
           ("simulate_latency", "0.5"): (quantile(took, 0.5), len(took)), ("simulate_latency", "0.95"): (quantile(took, 0.95), len(took)),
           ("verify_pass_rate", ""): share([e["body"]["decision"] == "pass" for e in of(inside, "promotion.gated")]),
           ("eval_pass_rate", ""): share([e["body"].get("verdict") == "pass" for e in of(inside, "eval.finished")]),
           ("promote_success", ""): share(succeeded), ("probe_health", ""): share(healthy)}
    by_tier = {}
    for e in of(inside, "run.tool_returned"):
        b = e["body"]
        bad = b.get("outcome") not in ("denied", "cancelled") and (
            b.get("ok") is False or b.get("outcome") in ("error", "timeout") or "error" in b or b.get("exit_code", 0) != 0)
        tier = tools.get((b.get("agent", ""), b.get("server", ""), b.get("tool"))) or "unknown"
        by_tier.setdefault(tier, []).append(bad)
    for tier, rows in by_tier.items():
        ret[("tool_errors", tier)] = share(rows)
    if not by_tier:
        ret[("tool_errors", "")] = (0, 0)
    return ret


def near(a, b):
    return a == b or (a is not None and b is not None and abs(a - b) <= 1e-9 * max(abs(a), abs(b)))


def check(path):
    load = lambda name: json.load(open("%s/%s" % (path, name), encoding="utf-8"))
    events = [json.loads(line) for line in open(path + "/events", encoding="utf-8")]
    for e in events:
        e["time"] = int(e["time"])
        e["body"] = e.get("body") or {}
        e["happened"] = int(e["body"].get("at", e["time"]))
    corrected = {e["body"]["seq"] for e in events if e["kind"] == "ledger.corrected"}
    live = [e for e in events if e["seq"] not in corrected]
    tools = {(t["agent"] or "", t["server"] or "", t["tool"]): t["judged_tier"] for t in load("tools")["states"]}
    promotions = {p["promotion"]: p.get("violations") or 0 for p in load("promotions")["states"]}
    wrong = measured = 0
    for name in sys.argv[3:]:
        got = load(name)
        clock, first, last = name.split(".")[1:4]
        field = "time" if clock == "ledger" else "happened"
        inside = [e for e in live if first == "all" or int(first) <= e[field] <= int(last)]
        want = figures(live, inside, tools, promotions)
        have = {(m["metric"], m.get("tier") or m.get("quantile") or ""): m for m in got["metrics"]}
        if set(want) != set(have):
            print("%s: %s" % (name, sorted(set(want) ^ set(have))))
            wrong += 1
            continue
        for key, (part, whole) in want.items():
            m = have[key]
            measured += whole > 0
            value = part if m["unit"] == "ms" else part / whole if whole else None
            if m["whole"] != whole or not near(m["value"], value) or (m["unit"] == "ratio" and m["part"] != part):
                print("%s: %s is %s of %s: %s" % (name, key, part, whole, {k: m[k] for k in ("value", "part", "whole")}))
                wrong += 1
    succeeded = sum(m["part"] for name in sys.argv[3:] for m in load(name)["metrics"] if m["metric"] == "promote_success")
    print("%d figures measured, %d wrong; %d successes" % (measured, wrong, succeeded))
    return 1 if wrong or measured < 20 or not succeeded else 0


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    sys.exit(check(sys.argv[2]))
