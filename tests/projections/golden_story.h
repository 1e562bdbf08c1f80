/* The story that the golden ledger of the states begins with: a box is set up, a pack is installed and proven, a better
 * model arrives and is promoted, things go wrong and are repaired. It has an event of every family, most of them as the
 * tools write them; some are not legal steps, as in real logs. */
#ifndef TESTS_PROJECTIONS_GOLDEN_STORY_H
#define TESTS_PROJECTIONS_GOLDEN_STORY_H

#define G16(c) c c c c c c c c c c c c c c c c
#define G(c)   "\"sha256:" G16(c) G16(c) G16(c) G16(c) "\""
#define AT(s)  "\"at\":17900" s "000000000000" /* in September 2026 */

struct golden_step {
    const char *kind, *subject, *source, *run, *json; /* run may be NULL */
};

#define PDF    "\"pack\":\"pdf-ops-pack\""
#define OLLAMA "\"runtime\":\"ollama\",\"endpoint\":\"http://127.0.0.1:11434\""
#define PROVES(m)                                                                                                          \
    PDF ",\"pack_version\":\"1.2.0\",\"route\":\"extract\",\"config_digest\":" G(                                          \
        "c") ",\"digest\":" m ",\"suite\":\"pdf\",\"suite_digest\":" G("5")

static const struct golden_step golden_story[] = {
    /* the box */
    {"hardware.profiled", "host/local", "hardware", NULL,
     "{\"cpu\":\"AMD Ryzen 9 7950X\",\"arch\":\"x86_64\",\"sockets\":1,\"cores\":16,\"threads\":32,"
     "\"memory_bytes\":67108864000,\"disks\":[{\"bytes\":2000398934016,\"kind\":\"solid\",\"name\":\"nvme0n1\"}],"
     "\"gpus\":[{\"driver\":\"nvidia\",\"memory_bytes\":25757220864,\"name\":\"NVIDIA GeForce RTX 4090\"}],"
     "\"os\":\"debian\",\"os_version\":\"12\",\"kernel\":\"6.1.0-18\",\"digest\":" G("8") "}"},
    {"install.installed", "package/dpkg/poppler-utils:amd64", "dpkg", NULL,
     "{\"manager\":\"dpkg\",\"package\":\"poppler-utils\",\"arch\":\"amd64\",\"version\":\"22.12.0-2\","
     "\"status\":\"installed\"," AT("01") "}"},
    {"install.upgraded", "package/dpkg/curl:amd64", "dpkg", NULL,
     "{\"manager\":\"dpkg\",\"package\":\"curl\",\"arch\":\"amd64\",\"version\":\"7.88.1-10+deb12u8\","
     "\"version_before\":\"7.88.1-10+deb12u7\",\"status\":\"installed\"," AT("02") "}"},
    {"install.failed", "package/dpkg/cups:amd64", "dpkg", NULL,
     "{\"action\":\"upgrade\",\"manager\":\"dpkg\",\"package\":\"cups\",\"arch\":\"amd64\",\"version\":\"2.4.3\","
     "\"version_before\":\"2.4.2\",\"outcome\":\"rolled_back\",\"status\":\"installed\",\"step\":\"unpack\"," AT("03") "}"},
    {"install.removed", "package/dpkg/nano:amd64", "dpkg", NULL,
     "{\"manager\":\"dpkg\",\"package\":\"nano\",\"arch\":\"amd64\",\"version_before\":\"7.2\",\"purged\":true," AT(
         "04") "}"},
    {"install.configured", "package/dpkg/poppler-utils:amd64", "dpkg", NULL,
     "{\"manager\":\"dpkg\",\"package\":\"poppler-utils\",\"arch\":\"amd64\",\"version\":\"22.12.0-2\"," AT("05") "}"},
    {"install.observed", "package/pip/torch", "cli", NULL,
     "{\"manager\":\"pip\",\"package\":\"torch\",\"version\":\"2.4.1\"}"},
    {"ledger.imported", "import/dpkg", "dpkg", NULL,
     "{\"source\":\"dpkg\",\"accepted\":5,\"duplicate\":0,\"rejected\":0,\"masked\":0,\"gaps\":0,\"bytes\":4711,"
     "\"parser\":1,\"stopped\":false,\"digest\":" G("9") "}"},
    {"runtime.observed", "runtime/ollama", "ollama", NULL, "{" OLLAMA ",\"version\":\"0.5.1\",\"cloud\":false}"},
    {"runtime.configured", "runtime/ollama", "cli", NULL,
     "{\"runtime\":\"ollama\",\"digest\":" G("7") ",\"context_length\":8192,\"parallel\":2}"},
    {"runtime.unreachable", "runtime/vllm", "cli", NULL,
     "{\"runtime\":\"vllm\",\"endpoint\":\"http://gpu:8000\",\"error\":\"refused\"}"},
    /* the pack */
    {"pack.planned", "pack/pdf-ops-pack", "cli", NULL, "{" PDF ",\"version\":\"1.2.0\",\"tier\":\"T2\"}"},
    {"pack.installed", "pack/pdf-ops-pack", "cli", NULL,
     "{" PDF ",\"version\":\"1.2.0\",\"digest\":" G(
         "1") ",\"publisher\":\"example.org\",\"permissions\":["
              "{\"group\":\"filesystem.read\",\"required\":true,\"scope\":\"inbox/**\",\"tier\":\"T0\"},"
              "{\"group\":\"network.egress\",\"required\":false,\"scope\":\"\",\"tier\":\"T3\"}],"
              "\"routes\":[{\"name\":\"extract\",\"required\":true},{\"name\":\"summarise\",\"required\":false}],"
              "\"models\":[{\"role\":\"worker\",\"digest\":" G("a") "}],\"checks\":[\"poppler\"],"
                                                                    "\"suites\":[{\"name\":\"pdf\",\"digest\":" G(
                                                                        "5") "}]}"},
    {"permission.requested", "pack/pdf-ops-pack", "cli", NULL,
     "{\"group\":\"filesystem.read\",\"scope\":\"inbox/**\",\"tier\":\"T0\",\"required\":true,\"request\":\"q-1\"}"},
    {"permission.granted", "pack/pdf-ops-pack", "cli", NULL,
     "{\"group\":\"filesystem.read\",\"scope\":\"inbox/"
     "**\",\"tier\":\"T0\",\"lifetime\":\"permanent\",\"request\":\"q-1\"}"},
    {"pack.checked", "pack/pdf-ops-pack", "cli", NULL,
     "{" PDF ",\"version\":\"1.2.0\",\"check\":\"poppler\",\"verdict\":\"pass\",\"required\":true,\"exit_code\":0}"},
    {"route.declared", "route/extract", "cli", NULL,
     "{\"route\":\"extract\"," PDF ",\"pack_version\":\"1.2.0\",\"config_digest\":" G(
         "c") ",\"model\":\"qwen2.5:7b\","
              "\"suite\":\"pdf\",\"suite_digest\":" G("5") ",\"fallback\":\"llama3:8b\",\"required\":true}"},
    {"route.declared", "route/summarise", "cli", NULL, "{\"route\":\"summarise\"," PDF ",\"model\":\"qwen2.5:7b\"}"},
    /* the model and its proof */
    {"model.declared", "model/qwen2.5:7b", "cli", NULL,
     "{\"model\":\"qwen2.5:7b\",\"digest\":" G("a") ",\"role\":\"worker\"," PDF ",\"format\":\"gguf\"}"},
    {"model.pulled", "model/qwen2.5:7b", "ollama", NULL,
     "{\"model\":\"qwen2.5:7b\",\"digest\":" G("a") ",\"manifest_digest\":" G(
         "2") ",\"bytes\":4683073184,\"ok\":true," OLLAMA "}"},
    {"model.observed", "model/qwen2.5:7b", "ollama", NULL,
     "{\"model\":\"qwen2.5:7b\",\"digest\":" G("a") ",\"manifest_digest\":" G(
         "2") ",\"bytes\":4683073184,"
              "\"format\":\"gguf\",\"quantization\":\"Q4_K_M\"," OLLAMA "}"},
    {"model.identified", "model/sha256:" G16("a") G16("a") G16("a") G16("a"), "ollama", NULL,
     "{\"digest\":" G(
         "a") ",\"model\":\"qwen2.5:7b\",\"runtime\":\"ollama\",\"format\":\"gguf\",\"architecture\":\"qwen2\","
              "\"license\":\"apache-2.0\",\"bytes\":4683073184}"},
    {"model.provenance_declared", "model/sha256:" G16("a") G16("a") G16("a") G16("a"), "cli", NULL,
     "{\"digest\":" G("a") ",\"format\":\"model_card\",\"license\":\"apache-2.0\",\"publisher\":\"example.org\"}"},
    {"model.loaded", "model/qwen2.5:7b", "ollama", NULL,
     "{\"model\":\"qwen2.5:7b\",\"digest\":" G("a") ",\"vram_bytes\":5333539264," OLLAMA "}"},
    {"eval.suite_declared", "suite/pdf", "cli", NULL, "{\"suite\":\"pdf\",\"suite_digest\":" G("5") ",\"version\":\"3\"}"},
    {"eval.started", "eval/e-1", "cli", NULL, "{" PROVES(G("a")) ",\"samples\":40,\"seed\":7}"},
    {"eval.scored", "eval/e-1", "cli", NULL,
     "{\"suite\":\"pdf\",\"task\":\"fields\",\"metric\":\"f1\",\"value\":0.875,\"threshold\":0.8,\"verdict\":\"pass\","
     "\"samples\":40}"},
    {"eval.sample_failed", "eval/e-1", "cli", NULL,
     "{\"suite\":\"pdf\",\"task\":\"fields\",\"sample\":\"17\",\"metric\":\"f1\",\"value\":0,\"failure\":\"assertion\"}"},
    {"eval.finished", "eval/e-1", "cli", NULL,
     "{" PROVES(
         G("a")) ",\"verdict\":\"pass\",\"passed\":1,\"failed\":0,\"errors\":0,\"samples\":40,\"duration_ms\":81234.5}"},
    {"eval.benchmarked", "model/qwen2.5:7b", "cli", NULL,
     "{\"model\":\"qwen2.5:7b\",\"digest\":" G(
         "a") ",\"backend\":\"cuda\",\"tokens_in\":512,\"tokens_per_second\":3120.5}"},
    {"eval.imported", "eval/e-2", "lm-eval", NULL,
     "{\"harness\":\"lm_eval\",\"tasks\":[\"arc_easy\"],\"model\":\"qwen2.5:7b\",\"limit\":10,\"partial\":true}"},
    {"eval.task_declared", "task/arc_easy", "lm-eval", NULL,
     "{\"task\":\"arc_easy\",\"harness\":\"lm_eval\",\"version\":\"1.0\"}"},
    /* a run, with an agent that makes requests */
    {"agent.session_started", "agent/goose", "hook", NULL, "{\"agent\":\"goose\",\"session\":\"s-1\"}"},
    {"run.started", "run/r-1", "cli", "r-1",
     "{" PDF ",\"pack_version\":\"1.2.0\",\"route\":\"extract\",\"agent\":\"goose\",\"session\":\"s-1\"}"},
    {"route.decided", "route/extract", "cli", "r-1",
     "{\"route\":\"extract\"," PDF ",\"model\":\"qwen2.5:7b\",\"digest\":" G("a") ",\"decision\":\"primary\"}"},
    {"permission.used", "pack/pdf-ops-pack", "cli", "r-1",
     "{\"group\":\"filesystem.read\",\"scope\":\"inbox/march.pdf\",\"tool\":\"read\"}"},
    {"run.model_called", "run/r-1", "cli", "r-1",
     "{\"model\":\"qwen2.5:7b\",\"tokens_in\":412,\"tokens_out\":96,\"latency_ms\":1834.25}"},
    {"run.model_returned", "run/r-1", "cli", "r-1", "{\"model\":\"qwen2.5:7b\",\"tokens_out\":96}"},
    {"permission.decided", "tool/bash", "hook", "r-1",
     "{\"decision\":\"allow\",\"group\":\"exec\",\"scope\":\"pdftotext "
     "*\",\"lifetime\":\"session\",\"decided_by\":\"user\","
     "\"session\":\"s-1\"}"},
    {"run.tool_called", "run/r-1", "cli", "r-1", "{\"tool\":\"bash\",\"call\":\"c-1\"}"},
    {"run.tool_returned", "run/r-1", "cli", "r-1", "{\"tool\":\"bash\",\"call\":\"c-1\",\"outcome\":\"ok\"}"},
    {"route.fell_back", "route/summarise", "cli", "r-1",
     "{\"route\":\"summarise\"," PDF ",\"from\":\"qwen2.5:7b\",\"model\":\"llama3:8b\",\"reason\":\"timeout\"}"},
    {"run.artifact", "run/r-1", "cli", "r-1", "{\"digest\":" G("f") "}"},
    {"run.finished", "run/r-1", "cli", "r-1", "{\"outcome\":\"ok\",\"duration_ms\":5120.5}"},
    {"agent.session_ended", "agent/goose", "hook", NULL, "{\"agent\":\"goose\",\"session\":\"s-1\"}"},
    {"permission.mode_changed", "agent/goose", "hook", NULL, "{\"agent\":\"goose\",\"mode\":\"auto\",\"bypass\":true}"},
    {"run.started", "run/r-2", "otlp", "r-2", "{\"agent\":\"goose\"}"},
    {"run.logged", "run/r-2", "otlp", "r-2", NULL},
    {"ledger.gap", "gap/otlp", "otlp", NULL, "{\"what\":\"dropped\",\"missing\":3,\"before\":4,\"after\":8}"},
    /* health */
    {"doctor.observed", "check/disk-space", "cli", NULL,
     "{\"check\":\"disk-space\",\"target\":\"/\",\"status\":\"ok\",\"value\":41.5,\"limit\":90,\"unit\":\"%\"," AT(
         "10") "}"},
    {"doctor.observed", "check/ollama-blob", "ollama", NULL,
     "{\"check\":\"ollama-blob\",\"target\":" G("a") ",\"status\":\"mismatch\",\"digest\":" G("0") ",\"limit\":" G(
         "a") "," AT("11") "}"},
    {"doctor.remedied", "check/ollama-blob", "cli", NULL,
     "{\"check\":\"ollama-blob\",\"remedy\":\"pull-again\",\"tier\":\"T2\",\"outcome\":\"ok\",\"exit_code\":0}"},
    {"doctor.observed", "check/ollama-blob", "ollama", NULL,
     "{\"check\":\"ollama-blob\",\"target\":" G("a") ",\"status\":\"ok\"," AT("12") "}"},
    {"doctor.judged", "box", "cli", NULL, "{\"verdict\":\"warn\",\"position\":50,\"warned\":2}"},
    {"hardware.faulted", "host/local", "cli", NULL,
     "{\"what\":\"gpu\",\"device\":\"0000:01:00.0\",\"code\":79," AT("13") "}"},
    /* another model under the same name, promoted after its proof; at first too early */
    {"model.alias_set", "alias/qwen2.5:7b", "ollama", NULL,
     "{\"alias\":\"qwen2.5:7b\",\"model\":\"qwen2.5:7b\",\"digest\":" G("b") ",\"digest_before\":" G("a") "," OLLAMA "}"},
    {"promotion.planned", "promotion/p-1", "cli", NULL,
     "{\"what\":\"model\"," PDF ",\"route\":\"extract\",\"model\":\"qwen2.5:7b\",\"digest\":" G(
         "b") ",\"digest_before\":" G("a") ",\"version\":\"2\"}"},
    {"promotion.promoted", "promotion/p-1", "cli", NULL, "{\"digest\":" G("b") "}"},
    {"debate.opened", "debate/d-1", "cli", NULL, "{}"},
    {"promotion.debating", "promotion/p-1", "cli", NULL, "{\"digest\":" G("b") ",\"debate\":\"d-1\"}"},
    {"debate.concluded", "debate/d-1", "cli", NULL, "{}"},
    {"promotion.simulated", "promotion/p-1", "cli", NULL, "{\"digest\":" G("b") ",\"verdict\":\"pass\",\"runs\":20}"},
    {"promotion.verifying", "promotion/p-1", "cli", NULL, "{\"digest\":" G("b") ",\"suites\":[\"pdf\"]}"},
    {"eval.started", "eval/e-3", "cli", NULL, "{" PROVES(G("b")) "}"},
    {"eval.finished", "eval/e-3", "cli", NULL,
     "{" PROVES(G("b")) ",\"verdict\":\"pass\",\"passed\":1,\"failed\":0,\"samples\":40}"},
    {"promotion.gated", "promotion/p-1", "cli", NULL, "{\"decision\":\"pass\",\"digest\":" G("b") ",\"gate\":\"pdf\"}"},
    {"promotion.promoted", "promotion/p-1", "cli", NULL,
     "{\"what\":\"model\",\"model\":\"qwen2.5:7b\",\"digest\":" G("b") ",\"digest_before\":" G("a") "}"},
    {"eval.invalidated", "eval/e-1", "cli", NULL, "{\"reason\":\"edited\"}"},
    {"promotion.tripped", "promotion/p-2", "cli", NULL, "{\"code\":\"STOP-7\",\"severity\":\"high\"}"},
    {"runtime.changed", "runtime/ollama", "ollama", NULL,
     "{" OLLAMA ",\"what\":\"version\",\"version\":\"0.6.0\",\"version_before\":\"0.5.1\"}"},
    {"permission.denied", "pack/pdf-ops-pack", "cli", NULL,
     "{\"group\":\"network.egress\",\"scope\":\"\",\"tier\":\"T3\"}"},
    /* another pack, which is removed again */
    {"pack.installed", "pack/web-pack", "cli", NULL,
     "{\"pack\":\"web-pack\",\"version\":\"0.1\",\"permissions\":[{\"group\":\"network.egress\",\"required\":true}]}"},
    {"permission.granted", "pack/web-pack", "cli", NULL, "{\"group\":\"network.egress\",\"lifetime\":\"once\"}"},
    {"permission.used", "pack/web-pack", "cli", NULL, "{\"group\":\"network.egress\"}"},
    {"permission.revoked", "pack/web-pack", "cli", NULL, "{\"group\":\"network.egress\"}"},
    {"permission.expired", "pack/web-pack", "cli", NULL, "{\"group\":\"network.egress\"}"},
    {"pack.parked", "pack/web-pack", "cli", NULL, "{\"pack\":\"web-pack\",\"reason\":\"unsafe\"}"},
    {"pack.unparked", "pack/web-pack", "cli", NULL, "{\"pack\":\"web-pack\"}"},
    {"route.declared", "route/fetch", "cli", NULL, "{\"route\":\"fetch\",\"pack\":\"web-pack\"}"},
    {"route.offline", "route/fetch", "cli", NULL, "{\"route\":\"fetch\",\"reason\":\"refused\"}"},
    {"route.removed", "route/fetch", "cli", NULL, "{\"route\":\"fetch\"}"},
    {"pack.removed", "pack/web-pack", "cli", NULL, "{\"pack\":\"web-pack\",\"version\":\"0.1\"}"},
    {"pack.removed", "pack/web-pack", "cli", NULL, "{\"pack\":\"web-pack\"}"},
    {"model.unloaded", "model/qwen2.5:7b", "ollama", NULL, "{\"model\":\"qwen2.5:7b\"," OLLAMA "}"},
    /* the wider systems, which have no states yet */
    {"policy.declared", "policy/egress", "cli", NULL, "{\"policy\":\"egress\"}"},
    {"plan.proposed", "plan/1", "cli", NULL, "{}"},
    {"memory.proposed", "memory/1", "cli", NULL, "{}"},
    {"adapter.declared", "adapter/a", "cli", NULL, "{\"adapter\":\"a\"}"},
    {"recovery.snapshot_taken", "snapshot/1", "cli", NULL, "{\"snapshot\":\"1\"}"},
    {"lease.granted", "lease/1", "cli", NULL, "{\"resource\":\"gpu-0\"}"},
    {"job.queued", "job/1", "cli", NULL, "{}"},
    {"peer.observed", "peer/1", "cli", NULL, "{}"},
    {"spec.proposed", "spec/1", "cli", NULL, "{}"},
    {"x.acme.note", "note/1", "cli", NULL, "{\"text\":\"of a kind that nobody knows\"}"},
};
#define GOLDEN_STEPS (sizeof(golden_story) / sizeof(golden_story[0]))

#endif
