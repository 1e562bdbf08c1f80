"""The Python binding: struct layouts, recording, reading, runs, logging, faults. Needs LEDGER_LIBRARY and CC."""

import asyncio
import ctypes
import datetime
import gc
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import ledger
from ledger import _c

ROOT = Path(__file__).resolve().parents[2]
UTC = datetime.timezone.utc
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Boxed(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.dir = Path(self.scratch.name) / "box"
        ledger.create(self.dir, origin="test.example/python")
        self.box = ledger.open(self.dir)
        self.addCleanup(lambda: self.box.close())

    def kinds(self, **conditions):
        return [e["kind"] for e in self.box.events(start=1, **conditions)]


class Layout(unittest.TestCase):
    def test_every_struct_is_laid_out_as_a_compiler_does(self):
        names = {"Error": "error", "Bytes": "bytes", "Value": "value", "Receipt": "receipt", "Head": "head", "Term": "term",
                 "Draft": "draft"}
        structs = {n: s for n, s in vars(_c).items() if isinstance(s, type) and issubclass(s, ctypes.Structure)}
        self.assertGreater(len(structs), 15)
        lines, want = [], []
        for name, struct in structs.items():
            c_name = "ledger_" + names.get(name, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
            lines.append(f'printf("%zu\\n", sizeof(struct {c_name}));')
            want.append((c_name, ctypes.sizeof(struct)))
            for member, *_ in struct._fields_:
                c_member = member.rstrip("_")
                lines.append(f'printf("%zu\\n", offsetof(struct {c_name}, {c_member}));')
                want.append((f"{c_name}.{c_member}", getattr(struct, member).offset))
        with tempfile.TemporaryDirectory() as scratch:
            source, program = Path(scratch) / "l.c", Path(scratch) / "l"
            source.write_text("#include <ledger/ledger.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "\n}\n")
            # The headers as they are installed: <ledger/version.h> is on the floor below.
            (Path(scratch) / "include").mkdir()
            merged = Path(scratch) / "include" / "ledger"
            merged.mkdir()
            for header in [*(ROOT / "lib/include/ledger").glob("*.h"), ROOT / "ledger/version.h"]:
                (merged / header.name).symlink_to(header)
            subprocess.run([os.environ.get("CC", "cc"), "-I", f"{scratch}/include", "-o", program, source], check=True)
            got = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()
        self.assertEqual([(n, int(g)) for (n, _), g in zip(want, got)], want)
        self.assertEqual(len(got), len(want))

    def test_every_function_has_as_many_arguments_as_its_header_says(self):
        text = " ".join(h.read_text() for h in (ROOT / "lib/include/ledger").glob("*.h"))
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for name, (_, arguments) in _c._SIGNATURES.items():
            found = re.search(r"\b%s\(([^;]*?)\);" % name, text)
            self.assertIsNotNone(found, name)
            self.assertEqual(len(found.group(1).split(",")), len(arguments), name)

    def test_every_code_of_an_error_has_its_class(self):
        text = (ROOT / "lib/include/ledger/types.h").read_text()
        codes = {int(n) for n in re.findall(r"LEDGER_ERR_\w+ = (-\d+)", text)}
        self.assertEqual(codes, set(_c._CLASSES))
        for code, of in _c._CLASSES.items():
            made = of("what it says", code, 3)
            self.assertEqual((str(made), made.code, made.at), ("what it says", code, 3))


class Recording(Boxed):
    def test_an_event_is_there_with_its_fields_and_its_receipt(self):
        made = self.box.append("permission.granted", "pack/pdf-ops", {"group": "filesystem.read", "scope": "inbox/**",
                                                                      "tier": "T0"}, actor="user:me")
        event = self.box.read(made.seq)
        self.assertEqual((event["actor"], event["body"]["scope"], event["leaf"]), ("user:me", "inbox/**", made.leaf.hex()))
        self.assertEqual(self.box.head.events, 2)
        self.assertLess(abs(self.box.head.time - datetime.datetime.now(UTC)), datetime.timedelta(minutes=1))
        self.assertEqual(self.box.state("permission", "pack/pdf-ops", "filesystem.read", "inbox/**")["state"], "granted")

    def test_private_open_key_cause_and_condition(self):
        first = self.box.append("x.test.note", "thing/1", {"n": 1, "said": "x"}, open=["n"], private={"more": 2}, key="k",
                                source="test")
        again = self.box.append("x.test.note", "thing/1", {"n": 1}, key="k", source="test")
        self.assertEqual((again.seq, again.leaf, again.duplicate, first.duplicate), (first.seq, first.leaf, True, False))
        event = self.box.read(first.seq, private=True)
        self.assertEqual((event["body"], event["private"]), ({"n": 1}, {"more": 2, "said": "x"}))
        self.assertNotIn("private", self.box.read(first.seq))
        by_key = self.box.append("x.test.note", "thing/2", cause_key="k", source="test")
        by_seq = self.box.append("x.test.note", "thing/2", cause=by_key.seq)
        self.assertEqual([self.box.read(r.seq)["cause"] for r in (by_key, by_seq)], [first.seq, by_key.seq])
        with self.assertRaises(ledger.ConflictError):
            self.box.append("x.test.note", "thing/2", none_after=by_key.seq)
        self.assertGreater(self.box.append("x.test.note", "thing/2", none_after=by_seq.seq).seq, by_seq.seq)

    def test_a_secret_is_masked_and_counted(self):
        made = self.box.append("x.test.note", "thing/1", {"said": f"token {SECRET}"})
        self.assertEqual(made.masked, 1)
        self.assertNotIn(SECRET, str(self.box.read(made.seq, private=True)))

    def test_what_is_wrong_is_refused_with_its_reason_and_nothing_is_written(self):
        for attempt, error, says in (
                (lambda: self.box.append("run.strated", "run/1"), ledger.NotFoundError, "did you mean 'run.started'"),
                (lambda: self.box.append("x.a.b", "host/he\0re"), ledger.InvalidError, "NUL"),
                (lambda: self.box.append("x.a.b", "host/a", {"f": float("nan")}), ledger.InvalidError, "JSON"),
                (lambda: self.box.append("x.a.b", "host/a", {"f": object()}), ledger.InvalidError, "JSON"),
                (lambda: self.box.append("x.a.b", "host/a", {"f": "x" * (2 << 20)}), ledger.InvalidError, ""),
                (lambda: self.box.append("x.a.b", "host/a", cause=0, cause_key="k"), ledger.InvalidError, "not both"),
                (lambda: self.box.read(99), ledger.NotFoundError, "99"),
                (lambda: self.box.read(-1), ledger.NotFoundError, "-1"),
                (lambda: self.box.state("nosuch", "x"), ledger.NotFoundError, "'nosuch'"),
                (lambda: self.box.state("pack", "nosuch"), LookupError, "nosuch"),
                (lambda: list(self.box.events(modle="x")), ledger.InvalidError, "modle"),
                (lambda: list(self.box.events(time=ledger.ge(datetime.datetime(2026, 1, 1)))), ValueError, "time zone"),
                (lambda: self.box.states(base="guess"), ledger.InvalidError, "attested"),
                (lambda: self.box.sql("SELEC 1"), ledger.InvalidError, "syntax"),
                (lambda: ledger.open(self.dir), ledger.BusyError, ""),
                (lambda: ledger.open(self.dir / "none"), ledger.NotFoundError, "none"),
                (lambda: ledger.create(self.dir, origin="test.example/python"), ledger.LedgerError, "")):
            with self.assertRaises(error) as raised:
                attempt()
            self.assertIn(says, str(raised.exception))
        with self.assertRaises(ledger.LedgerError) as raised:
            self.box.append("run.strated", "run/1")
        self.assertEqual((raised.exception.name, raised.exception.code), ("LEDGER_ERR_NOTFOUND", -7))
        self.assertEqual(self.box.head.events, 1)

    def test_a_batch_is_stored_whole_or_not_at_all(self):
        with self.box.batch() as batch:
            first = batch.append("x.test.note", "thing/1", {"n": 1}, open=["n"])
            batch.append("x.test.note", "thing/2", cause_in_batch=first)
            self.assertEqual(len(batch), 2)
            self.assertEqual(self.box.head.events, 1)
        self.assertEqual([r.seq for r in batch.receipts], [1, 2])
        self.assertEqual(self.box.read(2)["cause"], 1)
        with self.assertRaises(RuntimeError):
            with self.box.batch() as batch:
                batch.append("x.test.note", "thing/3")
                raise RuntimeError
        with self.assertRaises(ledger.NotFoundError):
            with self.box.batch() as batch:
                batch.append("x.test.note", "thing/3")
                batch.append("nosuch.kind", "thing/3")
        with self.box.batch():
            pass
        self.assertEqual(self.box.head.events, 3)

    def test_threads_append_at_once(self):
        def work(n):
            for i in range(20):
                self.box.append("x.test.note", f"thread/{n}", {"i": i}, open=["i"])
        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.box.count("subject", kind="x.test.note"), {(f"thread/{n}",): 20 for n in range(6)})

    def test_a_mistake_is_corrected_and_a_file_is_stored(self):
        made = self.box.append("permission.granted", "pack/p", {"group": "network.egress", "scope": "**", "tier": "T0"})
        self.box.correct(made.seq, "wrong_subject")
        with self.assertRaises(ledger.NotFoundError):
            self.box.state("permission", "pack/p", "network.egress", "**")
        path = Path(self.scratch.name) / "f"
        path.write_bytes(b"abc")
        self.assertEqual(self.box.store(path), (
            "artifact:sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3))


class Reading(Boxed):
    def setUp(self):
        super().setUp()
        for i in range(10):
            self.box.append("run.model_called", f"run/{i % 2}", {"model": "ab"[i % 2], "latency_ms": i, "ok": i > 4, "prompt": "p"},
                            run=str(i % 2))

    def seqs(self, **conditions):
        return [e["seq"] for e in self.box.events(**conditions)]

    def test_conditions_of_every_form(self):
        self.assertEqual(self.seqs(model="a"), [1, 3, 5, 7, 9])
        self.assertEqual(self.seqs(model=["a", "b"], limit=3), [1, 2, 3])
        self.assertEqual(self.seqs(latency_ms=ledger.ge(8)), [9, 10])
        self.assertEqual(self.seqs(latency_ms=ledger.gt(8), run="1"), [10])
        self.assertEqual(self.seqs(latency_ms=ledger.lt(1)), [1])
        self.assertEqual(self.seqs(latency_ms=ledger.le(1.5)), [1, 2])
        self.assertEqual(self.seqs(ok=True), [6, 7, 8, 9, 10])
        self.assertEqual(self.seqs(kind=ledger.prefix("run."), start=9), [9, 10])
        self.assertEqual(self.seqs(kind=ledger.glob("*.model_c*"), stop=3), [1, 2])
        self.assertEqual(self.seqs(model="b", newest_first=True, limit=2), [10, 8])
        self.assertEqual(self.seqs(time=ledger.ge(datetime.datetime.now(UTC) + datetime.timedelta(days=1))), [])
        self.assertEqual(len(self.seqs(time=ledger.ge(datetime.datetime.now(UTC) - datetime.timedelta(days=1)))), 11)

    def test_counts_sql_and_private_fields(self):
        self.assertEqual(self.box.count("model", "ok", kind="run.model_called"),
                         {("a", True): 2, ("a", False): 3, ("b", True): 3, ("b", False): 2})
        self.assertEqual(self.box.count(), {(): 11})
        self.assertEqual(self.box.sql("SELECT max(latency_ms) AS m FROM events"), [{"m": 9}])
        self.assertEqual(self.box.sql("SELECT private FROM events WHERE seq = 1"), [{"private": None}])
        self.assertIn("prompt", str(self.box.sql("SELECT private FROM events WHERE seq = 1", private=True)))
        self.assertEqual(next(self.box.events(start=1, private=True))["private"], {"prompt": "p"})

    def test_states_as_of_another_moment(self):
        with self.box.states(at=2) as states:
            self.assertEqual((states.at, [r["run"] for r in states.rows("runs")]), (2, ["0"]))
        with self.box.states(at=datetime.datetime(2020, 1, 1, tzinfo=UTC)) as states:
            self.assertEqual(states.rows("runs"), [])
        with self.box.states(base="events") as states:
            self.assertIn("packs", states.tables)
            self.assertEqual(states.get("run", "1")["model_calls"], 5)

    def test_what_is_open_is_closed_with_the_ledger_and_says_so(self):
        events, states = self.box.events(), self.box.states()
        next(events)
        self.box.close()
        self.assertEqual(list(events), [])
        for attempt in (lambda: states.rows("runs"), lambda: self.box.head, lambda: self.box.events()):
            with self.assertRaises(ledger.InvalidError) as raised:
                attempt()
            self.assertIn("closed", str(raised.exception))
        self.box.close()
        del events, states
        gc.collect()
        self.box = ledger.open(self.dir, read_only=True)
        self.assertEqual(self.box.head.events, 11)
        self.assertEqual((self.box.origin, self.box.directory), ("test.example/python", self.dir.resolve()))

    def test_evidence_is_good_for_strangers_and_not_after_a_change(self):
        key = self.box.verifier_key
        proof = self.box.prove(3)
        self.assertEqual(ledger.verify_proof(proof, key=key)["verdict"], "good")
        changed = proof._replace(leaf=proof.leaf[:-1] + bytes([proof.leaf[-1] ^ 1]))
        self.assertEqual(ledger.verify_proof(changed, key=key)["verdict"], "invalid")
        self.assertTrue(self.box.checkpoint().startswith("test.example/python\n11\n"))
        bundle = Path(self.scratch.name) / "run.bundle"
        left = self.box.export(bundle, run="1", private=["prompt"], recipient="auditor")
        self.assertEqual((left["matching"], left["private_fields"], left["bytes"]), (5, 5, bundle.stat().st_size))
        self.assertEqual(ledger.verify_bundle(bundle, key=key)["verdict"], "good")
        self.assertEqual(ledger.verify_bundle(bundle)["verdict"], "not anchored")
        data = bytearray(bundle.read_bytes())
        data[len(data) // 2] ^= 1
        bundle.write_bytes(data)
        self.assertEqual(ledger.verify_bundle(bundle, key=key)["verdict"], "invalid")
        self.assertEqual(ledger.verify(self.dir, key=key, derived=True)["verdict"], "good")


class Runs(Boxed):
    def test_a_run_is_recorded_from_its_beginning_to_its_end(self):
        with self.box.run("summarise", agent="bot", session="s") as run:
            self.assertEqual(self.kinds(), ["run.started"])
            self.assertIs(ledger.current_run(), run)
            with run.step("read"):
                with run.tool("pdf.read", {"path": "in.pdf", "n": float("inf")}, server="files") as call:
                    call.result = {"pages": b"abc"}
            with run.model("m1", prompt="hi") as answer:
                answer.first_token()
                answer.answer("hello", tokens_in=3, tokens_out=4, finish="stop")
            run.output = "done"
        self.assertIsNone(ledger.current_run())
        events = list(self.box.events(run=run.id, private=True))
        self.assertEqual([e["kind"][4:] for e in events], [
            "started", "step", "tool_called", "tool_returned", "step", "model_called", "model_returned", "finished"])
        self.assertEqual({(e["actor"], e["subject"]) for e in events}, {("agent:bot", run.subject)})
        self.assertEqual([e["cause"] for e in events], [None, 1, 1, 3, 2, 1, 6, 1])
        step, called, returned = events[1], events[2], events[3]
        self.assertEqual(called["body"]["parent"], step["body"]["span"])
        self.assertEqual(called["private"]["arguments"], {"n": "inf", "path": "in.pdf"})
        self.assertEqual(returned["private"]["result"]["pages"]["bytes"], 3)
        self.assertEqual(events[6]["private"]["output"], "hello")
        row = self.box.state("run", run.id)
        self.assertEqual([row[n] for n in ("state", "outcome", "agent", "task", "steps", "tool_calls", "model_calls", "tokens_in",
                                           "tokens_out", "violations")],
                         ["finished", "ok", "bot", "summarise", 1, 1, 1, 3, 4, None])

    def test_an_exception_is_the_outcome_and_goes_on(self):
        for raised, outcome in ((ValueError("bad"), "error"), (KeyboardInterrupt(), "aborted"), (TimeoutError(), "timeout")):
            with self.assertRaises(type(raised)):
                with self.box.run("t") as run, run.step("s"), run.tool("x"):
                    raise raised
            row = self.box.state("run", run.id)
            self.assertEqual((row["outcome"], row["error"]), (outcome, type(raised).__name__))
            self.assertEqual(row["state"], "failed" if outcome == "error" else outcome)
            ended = list(self.box.events(run=run.id, kind=["run.tool_returned", "run.step"]))[-2:]
            self.assertEqual([e["body"].get("outcome", e["body"].get("status")) for e in ended], [outcome, outcome])

    def test_a_tool_can_fail_without_an_exception(self):
        with self.box.run("t") as run, run.tool("x") as call:
            call.outcome = "denied"
        body = next(self.box.events(kind="run.tool_returned"))["body"]
        self.assertEqual((body["ok"], body["outcome"]), (False, "denied"))

    def test_without_content_there_is_none(self):
        with self.box.run("t", content=False) as run:
            with run.tool("x", {"a": "CONTENT"}) as call:
                call.result = "CONTENT"
            with run.model("m", prompt="CONTENT", messages=["CONTENT"]) as answer:
                answer.answer("CONTENT", tokens_out=1)
            run.output = "CONTENT"
        self.assertNotIn("CONTENT", str(list(self.box.events(private=True))))
        self.assertEqual(next(self.box.events(kind="run.tool_called"))["body"]["arguments_bytes"], len('{"a": "CONTENT"}'))

    def test_of_content_that_is_too_large_the_digest_is_kept(self):
        with self.box.run("t") as run, run.tool("x", "a" * 300000):
            pass
        event = next(self.box.events(kind="run.tool_called", private=True))
        self.assertEqual((event["body"]["left_out"], event["body"]["arguments_bytes"], event["private"]), (["arguments"], 300002, {}))
        self.assertTrue(event["body"]["arguments_digest"].startswith("sha256:"))

    def test_a_run_within_a_run_names_its_parent(self):
        with self.box.run("outer") as outer, self.box.run("inner") as inner:
            pass
        self.assertEqual(self.box.state("run", inner.id)["parent"], outer.id)

    def test_tasks_have_their_own_runs(self):
        async def one(name):
            with self.box.run(name) as run, run.step("s"):
                await asyncio.sleep(0.01)
                self.assertIs(ledger.current_run(), run)
            return run.id

        async def both():
            return await asyncio.gather(one("a"), one("b"))

        for run in asyncio.run(both()):
            row = self.box.state("run", run)
            self.assertEqual((row["steps"], row["parent"], row["outcome"]), (1, None, "ok"))

    def test_a_process_that_dies_leaves_a_run_that_did_not_end(self):
        self.box.close()
        script = ("import ledger, os, sys\nwith ledger.open(sys.argv[1]) as box, box.run('t', id='r1') as run:\n"
                  "    with run.step('s'): os.kill(os.getpid(), 9)\n")
        subprocess.run([sys.executable, "-c", script, self.dir])
        self.box = ledger.open(self.dir)
        self.assertEqual(self.kinds(), ["run.started", "run.step"])
        self.assertEqual(self.box.state("run", "r1")["state"], "running")

    def test_a_fault_of_the_recorder_hides_no_exception(self):
        with self.assertRaises(ValueError) as raised:
            with self.box.run("t"):
                self.box.close()
                raise ValueError("mine")
        self.assertIn("closed", str(getattr(raised.exception, "__notes__", "closed")))
        self.box = ledger.open(self.dir)
        with self.assertRaises(ledger.InvalidError):
            with self.box.run("t"):
                self.box.close()
        self.box = ledger.open(self.dir)

    def test_files_and_lines_belong_to_the_run(self):
        path = Path(self.scratch.name) / "out.txt"
        path.write_text("x")
        with self.box.run("t") as run:
            run.artifact(path, media_type="text/plain")
            run.log("said", event="noted", severity=13, n=1)
        artifact, log = (next(self.box.events(kind=k, private=True)) for k in ("run.artifact", "run.logged"))
        self.assertEqual((artifact["body"]["bytes"], artifact["private"]["name"], artifact["run"]), (1, "out.txt", run.id))
        self.assertEqual((log["body"]["event"], log["body"]["severity_number"], log["private"]["text"]), ("noted", 13, "said"))


class Logging(Boxed):
    def setUp(self):
        super().setUp()
        self.log = logging.Logger("app")
        self.log.addHandler(ledger.LedgerHandler(self.box, service="worker"))

    def test_records_are_of_their_run_or_of_the_service(self):
        self.log.info("alone %d", 1)
        with self.box.run("t", agent="a") as run:
            try:
                raise KeyError("k")
            except KeyError:
                self.log.exception("failed", extra={"order": 7, "odd": object})
        alone, within = self.box.events(kind="run.logged", private=True)
        self.assertEqual((alone["subject"], alone["actor"], alone["run"]), ("service/worker", "service:worker", ""))
        self.assertEqual((alone["private"]["text"], alone["body"]["severity_number"]), ("alone 1", 9))
        self.assertEqual((within["subject"], within["actor"], within["body"]["error"]), (run.subject, "agent:a", "KeyError"))
        self.assertEqual((within["private"]["text"], within["private"]["attributes"]["order"]), ("failed", 7))
        self.assertIn("raise KeyError", within["private"]["attributes"]["trace"])

    def test_levels_are_those_of_opentelemetry(self):
        for level in (1, 10, 20, 30, 40, 50):
            self.log.log(level, "x")
        self.assertEqual([e["body"]["severity_number"] for e in self.box.events(kind="run.logged")], [1, 5, 9, 13, 17, 21])

    def test_a_record_that_cannot_be_written_ends_nothing(self):
        self.box.close()
        faults = []
        self.log.handlers[0].handleError = faults.append
        self.log.error("lost")
        self.assertEqual(len(faults), 1)


if __name__ == "__main__":
    unittest.main()
