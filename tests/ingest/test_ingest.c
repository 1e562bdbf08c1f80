/* Whole runs into a real ledger: what is written, what a second run adds (nothing), what is rejected and with which
 * message. */
#include <sys/stat.h>
#include <time.h>

#include "base/hash.h"
#include "base/text.h"
#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/"

static int setup(void **state) {
    struct box *b = malloc(sizeof(*b));
    setenv("TZ", "UTC0", 1);
    tzset();
    box_init(b);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    box_done(*state);
    free(*state);
    return 0;
}

static void a_jsonl_file_becomes_events_and_a_receipt(void **state) {
    struct box *b = *state;
    char text[4096];
    assert_int_equal(box_jsonl(b, FIXTURES "jsonl/sample.jsonl"), 0);
    assert_int_equal(b->result.total.accepted, 4);
    assert_int_equal(b->result.total.duplicate, 0);
    assert_int_equal(b->result.total.rejected, 0);
    assert_int_equal(b->result.receipts, 1);
    assert_int_equal(b->result.head.size, 6);
    assert_int_equal(box_size(b), 6);
    assert_string_equal(box_event(b, 1, text, sizeof(text)),
                        "run.started run/7b1f user:alice jsonl reported {\"at\":1772359200000000000,\"pack\":\"pdf-ops\"}");
    assert_string_equal(box_event(b, 2, text, sizeof(text)),
                        "x.acme.heartbeat host/local service:jsonl jsonl reported {\"n\":1}");
    assert_string_equal(box_event(b, 3, text, sizeof(text)),
                        "x.acme.heartbeat host/local service:jsonl jsonl reported {\"n\":1}");
    assert_string_equal(box_event(b, 4, text, sizeof(text)),
                        "x.acme.note note/1 service:jsonl jsonl declared {\"at\":1772359200000000000} {\"text\":\"for the "
                        "operator's eyes\"}");
    struct buf file;
    uint8_t digest[HASH_LEN];
    char hex[65], want[2048];
    buf_init(&file, 1 << 16);
    assert_int_equal(file_read(FIXTURES "jsonl/sample.jsonl", &file, NULL), 0);
    struct bytes whole = bytes_of_buf(&file);
    hash_parts(digest, &whole, 1);
    text_hex(hex, digest, HASH_LEN);
    snprintf(want, sizeof(want),
             "ledger.imported import/jsonl service:jsonl jsonl measured {\"accepted\":4,\"bytes\":%zu,"
             "\"duplicate\":0,\"first_at\":1772359200000000000,\"gaps\":0,\"last_at\":1772359200000000000,\"masked\":0,"
             "\"parser\":1,\"reasons\":[],\"rejected\":0,\"source\":\"jsonl\",\"stopped\":false} "
             "{\"digest\":\"sha256:%s\",\"input\":\"" FIXTURES "jsonl/sample.jsonl\"}",
             file.n, hex);
    assert_string_equal(box_event(b, 5, text, sizeof(text)), want);
    buf_done(&file);
}

static void a_second_run_over_the_same_input_writes_nothing(void **state) {
    struct box *b = *state;
    struct log_head before, after;
    assert_int_equal(box_jsonl(b, FIXTURES "jsonl/sample.jsonl"), 0);
    assert_int_equal(log_head(b->ledger, &before, NULL), 0);
    assert_int_equal(box_jsonl(b, FIXTURES "jsonl/sample.jsonl"), 0);
    assert_int_equal(b->result.total.accepted, 0);
    assert_int_equal(b->result.total.duplicate, 4);
    assert_int_equal(b->result.receipts, 0);
    assert_int_equal(log_head(b->ledger, &after, NULL), 0);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void an_interrupted_runs_receipt_is_written_by_the_next(void **state) {
    struct box *b = *state;
    struct log_draft draft;
    static const uint8_t empty[] = {0x80};
    char text[4096];
    uint8_t digest[HASH_LEN];
    static const char line[] = "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{}}";
    const struct bytes whole = bytes_of(line);
    char hex[KEYED_HASH_HEX], key[64];
    hash_parts(digest, &whole, 1);
    box_hide(b, digest, hex);
    snprintf(key, sizeof(key), "line:%s", hex);
    log_draft_init(&draft);
    draft.kind = bytes_of("x.a.b");
    draft.subject = bytes_of("s");
    draft.actor = bytes_of("service:jsonl");
    draft.source = bytes_of("jsonl");
    draft.grade = bytes_of("reported");
    draft.key = bytes_of(key);
    draft.body = (struct bytes){empty, 1};
    assert_int_equal(log_append(b->ledger, &draft, NULL, NULL, NULL), 0); /* what a killed run leaves */
    box_write(b->file, line, O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.duplicate, 1);
    assert_int_equal(b->result.receipts, 1);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), "\"duplicate\":1"));
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.receipts, 0);
    assert_int_equal(box_size(b), 3);
}

static void bad_lines_are_rejected_alone_with_line_and_reason(void **state) {
    struct box *b = *state;
    char text[4096];
    box_write(b->file,
              "\xef\xbb\xbf{\"kind\":\"x.a.b\",\"subject\":\"1\"}\r\n"
              "{\"kind\":\"route.decidet\",\"subject\":\"route/r\"}\n"
              "   \n"
              "{\"kind\":\n"
              "{\"kind\":\"x.a.b\",\"subject\":\"2\",\"cause\":99}\n"
              "{\"kind\":\"ledger.sealed\",\"subject\":\"2\"}\n"
              "[[]\n"
              "{\"kind\":\"x.a.b\",\"subject\":\"3\",\"cause\":0}\n"
              "{\"kind\":\"x.a.b\",\"subject\":\"ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\"}\n"
              "{\"kind\":\"x.a.b\",\"subj",
              O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.accepted, 2);
    assert_int_equal(b->result.total.rejected, 7);
    char *at = b->rejections;
    static const char *const begins[] = {
        "2: unknown kind 'route.decidet'",
        "4: not valid JSON: column ",
        "5: 'cause' is 99; expected: the sequence number of an earlier event, here at most 1",
        "6: 'ledger.sealed' is written only by the ledger itself",
        "7: not valid JSON: column ",
        "9: 'subject' holds a secret",
        "10: the last line is cut off: not valid JSON: column ",
    };
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        if (strncmp(at, begins[i], strlen(begins[i])) != 0) {
            fail_msg("wanted '%s', got '%s'", begins[i], at);
        }
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    box_event(b, 3, text, sizeof(text));
    assert_non_null(strstr(text, "\"rejected\":7"));
    assert_non_null(strstr(text, "{\"count\":2,\"line\":4,\"offset\":"));
    assert_non_null(strstr(text, "\"reason\":\"not valid JSON\"}"));
    assert_non_null(strstr(text, "\"reason\":\"the last line is cut off\"}"));
}

static void nothing_accepted_writes_nothing_even_when_lines_were_rejected(void **state) {
    struct box *b = *state;
    box_write(b->file, "nonsense\n", O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.rejected, 1);
    assert_int_equal(b->result.receipts, 0);
    assert_int_equal(box_size(b), 1);
    box_write(b->file, "", O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(box_size(b), 1);
}

static void strict_stops_at_the_first_bad_line_and_keeps_what_came_before(void **state) {
    struct box *b = *state;
    char text[4096], want[256];
    box_write(b->file,
              "{\"kind\":\"x.a.b\",\"subject\":\"1\"}\n{\"kind\":\"x.a.b\"}\n{\"kind\":\"x.a.b\",\"subject\":\"3\"}\n",
              O_TRUNC);
    const char *paths[] = {b->file};
    assert_int_equal(box_run(b, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 1, .strict = true}),
                     ERR_INVALID);
    snprintf(want, sizeof(want), "%s: line 2: 'subject' is missing; every event needs one", b->file);
    assert_string_equal(b->err.msg, want);
    assert_int_equal(b->result.total.accepted, 1);
    assert_int_equal(b->result.total.rejected, 1);
    assert_int_equal(box_size(b), 3);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), "\"stopped\":true"));
}

static void a_dry_run_shows_each_event_and_writes_nothing(void **state) {
    struct box *b = *state;
    const char *paths[] = {FIXTURES "jsonl/sample.jsonl"};
    assert_int_equal(box_run(b, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 1, .dry_run = true}), 0);
    assert_int_equal(b->previews, 4);
    assert_int_equal(b->result.total.accepted, 4);
    assert_int_equal(box_size(b), 1);
}

static void an_actor_of_the_caller_replaces_the_default(void **state) {
    struct box *b = *state;
    char text[4096];
    box_write(b->file, "{\"kind\":\"x.a.b\",\"subject\":\"1\"}\n", O_TRUNC);
    const char *paths[] = {b->file};
    assert_int_equal(box_run(b, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 1, .actor = "user:bob"}), 0);
    assert_memory_equal(box_event(b, 1, text, sizeof(text)), "x.a.b 1 user:bob jsonl ", 23);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), " user:bob jsonl measured"));
}

static void a_grown_file_adds_its_new_lines_only(void **state) {
    struct box *b = *state;
    static const char beat[] = "{\"kind\":\"x.a.beat\",\"subject\":\"s\"}\n";
    box_write(b->file, beat, O_TRUNC);
    box_write(b->file, beat, O_APPEND);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.accepted, 2);
    box_write(b->file, beat, O_APPEND);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.accepted, 1);
    assert_int_equal(b->result.total.duplicate, 2);
    assert_int_equal(box_count(b, "x.a.beat"), 3);
}

static void many_batches_go_in_whole_and_once(void **state) {
    struct box *b = *state;
    struct buf text;
    buf_init(&text, 8 << 20);
    for (int i = 0; i < 10000; i++) {
        buf_printf(&text, "{\"kind\":\"x.a.b\",\"subject\":\"s/%d\",\"body\":{\"i\":%d}%s}\n", i, i,
                   i % 1000 == 999 ? ",\"cause\":1" : "");
    }
    buf_put_u8(&text, 0);
    box_write(b->file, (char *)text.p, O_TRUNC);
    buf_done(&text);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.accepted, 10000);
    assert_int_equal(box_size(b), 10002);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.duplicate, 10000);
    assert_int_equal(box_size(b), 10002);
}

static void a_wrong_source_or_option_says_what_there_is(void **state) {
    struct box *b = *state;
    const char *paths[] = {b->file, b->file};
    assert_int_equal(box_run(b, "jsnol", (struct ingest_options){0}), ERR_NOTFOUND);
    assert_non_null(strstr(b->err.msg, "unknown source 'jsnol'; known sources: jsonl, dpkg, hardware"));
    assert_int_equal(box_run(b, "hardware", (struct ingest_options){.paths = paths, .n_paths = 1}), ERR_INVALID);
    assert_string_equal(b->err.msg, "source 'hardware' does not take files");
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.follow = true}), ERR_INVALID);
    assert_string_equal(b->err.msg, "source 'dpkg' does not take --follow");
    assert_int_equal(box_run(b, "jsonl", (struct ingest_options){.root = "/x"}), ERR_INVALID);
    assert_string_equal(b->err.msg, "source 'jsonl' does not take --root");
    assert_int_equal(box_run(b, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 2, .follow = true}),
                     ERR_INVALID);
    assert_string_equal(b->err.msg, "--follow takes one file, not 2");
    assert_int_equal(box_jsonl(b, "/nonexistent/x.jsonl"), ERR_NOTFOUND);
    assert_string_equal(b->err.msg, "/nonexistent/x.jsonl: No such file or directory");
    assert_int_equal(box_size(b), 1);
}

/* Assembled at run time, so that none is in this file. */
static const char *pat(void) {
    static char text[48];
    snprintf(text, sizeof(text), "%s_%s%s", "ghp", "aB3dE5fG7hI9jK1lM2", "nO4pQ6rS8tU0vW2xY4");
    return text;
}

static void rejections_do_not_show_the_secrets_of_what_they_quote(void **state) {
    static const char *const lines[] = {
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"@\":1}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"time\":\"@\"}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"grade\":\"@\"}",
        "{\"kind\":\"@\",\"subject\":\"s\"}",
        "{\"kind\":\"x.@\",\"subject\":\"s\"}",
        "{\"kind\":\"x.@\",\"subject\":\"s\",\"schema\":7}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"@\":1}}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"open\":[\"@\"]}",
        "{\"kind\":\"x.a.b\",\"subject\":\"s\",\"body\":{\"a\":1},\"private\":{\"@\":1}}",
        "{\"kind\":\"permission.granted\",\"subject\":\"s\",\"body\":{\"group\":\"exec\",\"tier\":\"@\"}}",
        "{\"kind\":\"x.a.b\",\"subject\":\"@\"}",
        "{\"kind\":\"ledger.@\",\"subject\":\"s\"}",
        "{\"kind\":\"x.a.b\",\"@\":1,\"@\":2}",
        "{\"@\" \"@\"}",
        "@",
    };
    struct box *b = *state;
    char text[8192];
    struct buf input;
    buf_init(&input, 1 << 16);
    buf_put_str(&input, "{\"kind\":\"x.a.b\",\"subject\":\"good\"}\n");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        for (const char *p = lines[i]; *p != '\0'; p++) {
            if (*p == '@') {
                buf_put_str(&input, pat());
            } else {
                buf_put_u8(&input, (uint8_t)*p);
            }
        }
        buf_put_u8(&input, '\n');
    }
    buf_put_u8(&input, 0);
    box_write(b->file, (char *)input.p, O_TRUNC);
    assert_int_equal(box_jsonl(b, b->file), 0);
    assert_int_equal(b->result.total.rejected, sizeof(lines) / sizeof(lines[0]));
    assert_null(strstr(b->rejections, "ghp_"));
    assert_non_null(strstr(b->rejections, "unknown name '\xe2\x80\xb9secret:github-pat:40\xe2\x80\xba'"));
    assert_null(strstr(box_event(b, 2, text, sizeof(text)), "ghp_"));
    snprintf((char *)input.p, input.n, "%s/dpkg.log", b->dir);
    box_write((char *)input.p, "2026-01-10 08:00:01 ", O_TRUNC);
    box_write((char *)input.p, pat(), O_APPEND);
    const char *paths[] = {(char *)input.p};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_int_equal(b->result.total.rejected, 1);
    assert_null(strstr(b->rejections, "ghp_"));
    buf_done(&input);
}

/* The database as it is on disk. */
static bool database_holds(const struct box *b, const char *needle) {
    char path[256];
    struct buf bytes;
    buf_init(&bytes, (size_t)64 << 20);
    snprintf(path, sizeof(path), "%s/evidence/data.mdb", b->log_dir);
    assert_int_equal(file_read(path, &bytes, NULL), 0);
    bool found = memmem(bytes.p, bytes.n, needle, strlen(needle)) != NULL;
    buf_done(&bytes);
    return found;
}

static void a_receipt_has_no_path_but_in_its_private_field(void **state) {
    struct box *b = *state;
    char path[256], text[4096], want[512];
    snprintf(path, sizeof(path), "%s/secname-%s.jsonl", b->dir, pat());
    box_write(path, "{\"kind\":\"x.a.b\",\"subject\":\"s\"}\n", O_TRUNC);
    assert_int_equal(box_jsonl(b, path), 0);
    snprintf(want, sizeof(want), ",\"input\":\"%s/secname-\xe2\x80\xb9secret:github-pat:40\xe2\x80\xba.jsonl\"}", b->dir);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), want));
    /* A damaged file: the message names it, the open reasons do not. */
    snprintf(want, sizeof(want), "printf '{\"kind\":\"x.a.b\",\"subject\":\"t\"}\\n' | gzip | head -c -4 >'%s'", path);
    assert_int_equal(system(want), 0);
    assert_int_equal(box_jsonl(b, path), ERR_CORRUPT);
    assert_memory_equal(b->err.msg, path, strlen(path));
    assert_non_null(strstr(box_event(b, 4, text, sizeof(text)), "\"reason\":\"gzip data is cut short after "));
    assert_false(database_holds(b, pat()));
    assert_false(database_holds(b, "ghp_"));
}

/* ---- dpkg ---- */

static const char *const dpkg_events[] = {
    "install.installed package/dpkg/llama-runner:amd64 service:dpkg dpkg reported {\"arch\":\"amd64\",\"at\":"
    "1768032001000000000,\"ended_at\":1768032003000000000,\"manager\":\"dpkg\",\"package\":\"llama-runner\",\"status\":"
    "\"installed\",\"version\":\"1.0-1\"}",
    "install.upgraded package/dpkg/libgpu1:amd64 service:dpkg dpkg reported {\"arch\":\"amd64\",\"at\":1769903999000000000,"
    "\"ended_at\":1769904002000000000,\"manager\":\"dpkg\",\"package\":\"libgpu1\",\"status\":\"installed\",\"version\":"
    "\"1:550.2-1\",\"version_before\":\"1:535.1-1\"}",
    "install.failed package/dpkg/gpu-dkms:all service:dpkg dpkg reported {\"action\":\"install\",\"arch\":\"all\",\"at\":"
    "1770717600000000000,\"manager\":\"dpkg\",\"outcome\":\"unfinished\",\"package\":\"gpu-dkms\",\"status\":"
    "\"half-configured\",\"step\":\"configure\",\"version\":\"550.2-1\"}",
    "install.configured package/dpkg/gpu-dkms:all service:dpkg dpkg reported {\"arch\":\"all\",\"at\":1770723000000000000,"
    "\"ended_at\":1770723009000000000,\"manager\":\"dpkg\",\"package\":\"gpu-dkms\",\"status\":\"installed\",\"version\":"
    "\"550.2-1\"}",
    "install.failed package/dpkg/llama-runner:amd64 service:dpkg dpkg reported {\"action\":\"upgrade\",\"arch\":\"amd64\","
    "\"at\":1770800400000000000,\"ended_at\":1770800401000000000,\"manager\":\"dpkg\",\"outcome\":\"rolled_back\","
    "\"package\":\"llama-runner\",\"status\":\"installed\",\"step\":\"unpack\",\"version\":\"2.0-1\",\"version_before\":"
    "\"1.0-1\"}",
    "install.removed package/dpkg/llama-runner:amd64 service:dpkg dpkg reported {\"arch\":\"amd64\",\"at\":"
    "1772366400000000000,\"ended_at\":1772366401000000000,\"manager\":\"dpkg\",\"package\":\"llama-runner\",\"purged\":"
    "false,"
    "\"status\":\"config-files\",\"version_before\":\"1.0-1\"}",
    "install.removed package/dpkg/llama-runner:amd64 service:dpkg dpkg reported {\"arch\":\"amd64\",\"at\":"
    "1772366700000000000,\"ended_at\":1772366700000000000,\"manager\":\"dpkg\",\"package\":\"llama-runner\",\"purged\":"
    "true,"
    "\"status\":\"not-installed\",\"version_before\":\"1.0-1\"}",
    "install.removed package/dpkg/gpu-dkms:all service:dpkg dpkg reported {\"arch\":\"all\",\"at\":1772366760000000000,"
    "\"ended_at\":1772366761000000000,\"manager\":\"dpkg\",\"package\":\"gpu-dkms\",\"purged\":true,\"status\":"
    "\"not-installed\",\"version_before\":\"550.2-1\"}",
    "install.failed package/dpkg/whisper-tools service:dpkg dpkg reported "
    "{\"action\":\"install\",\"at\":1772434800000000000,"
    "\"manager\":\"dpkg\",\"outcome\":\"unfinished\",\"package\":\"whisper-tools\",\"status\":\"half-installed\",\"step\":"
    "\"unpack\",\"version\":\"0.9\"}",
};
#define DPKG_EVENTS (sizeof(dpkg_events) / sizeof(dpkg_events[0]))

static void dpkgs_logs_become_one_event_an_operation_oldest_first(void **state) {
    struct box *b = *state;
    char text[4096];
    const char *paths[] = {FIXTURES "dpkg"};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_string_equal(b->rejections, "");
    assert_int_equal(b->result.total.accepted, DPKG_EVENTS);
    for (size_t i = 0; i < DPKG_EVENTS; i++) {
        assert_string_equal(box_event(b, i + 1, text, sizeof(text)), dpkg_events[i]);
    }
    assert_int_equal(b->result.receipts, 1);
    assert_int_equal(box_size(b), DPKG_EVENTS + 2);
}

static void rotated_and_unordered_logs_are_duplicates(void **state) {
    struct box *b = *state;
    const char *all[] = {FIXTURES "dpkg/dpkg.log", FIXTURES "dpkg/dpkg.log.2.gz", FIXTURES "dpkg/dpkg.log.1"};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = all, .n_paths = 3}), 0);
    assert_int_equal(b->result.total.accepted, DPKG_EVENTS);
    struct buf content;
    char path[128];
    buf_init(&content, 1 << 16);
    assert_int_equal(file_read(FIXTURES "dpkg/dpkg.log.1", &content, NULL), 0);
    assert_int_equal(file_read(FIXTURES "dpkg/dpkg.log", &content, NULL), 0);
    buf_put_u8(&content, 0);
    snprintf(path, sizeof(path), "%s/dpkg.log.1", b->dir);
    box_write(path, (char *)content.p, O_TRUNC);
    snprintf(path, sizeof(path), "%s/dpkg.log", b->dir);
    box_write(path, "", O_TRUNC);
    const char *dir[] = {b->dir};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = dir, .n_paths = 1}), 0);
    assert_int_equal(b->result.total.accepted,
                     1); /* the upgrade's action line is gone: only its configuration is detected */
    assert_int_equal(b->result.total.duplicate, DPKG_EVENTS - 2);
    buf_done(&content);
}

static void a_dpkg_log_that_is_cut_and_garbled_gives_what_it_has(void **state) {
    struct box *b = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/dpkg.log", b->dir);
    box_write(path,
              "2026-01-10 08:00:01 install a:amd64 <none> 1\n"
              "garbage\n"
              "2026-01-10 08:00:03 status installed a:amd64 1\n"
              "2026-01-10 08:00:04 stat",
              O_TRUNC);
    const char *paths[] = {path};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_int_equal(b->result.total.accepted, 1);
    assert_string_equal(b->rejections,
                        "2: the line does not begin with a time; expected: YYYY-MM-DD HH:MM:SS\n"
                        "4: the last line is cut off: unknown action 'stat'; expected: startup, status, conffile, install, "
                        "upgrade, configure, trigproc, disappear, remove, purge\n");
}

static void put_log(const char *path, const char *package) {
    char text[256];
    snprintf(text, sizeof(text),
             "2026-01-10 08:00:01 install %s:amd64 <none> 1\n2026-01-10 08:00:03 status installed %s:amd64 1\n", package,
             package);
    box_write(path, text, O_TRUNC);
}

static void a_damaged_dpkg_log_is_a_rejection_and_the_others_go_in(void **state) {
    struct box *b = *state;
    struct buf content;
    char path[128], want[256], text[4096];
    int fd;
    buf_init(&content, 1 << 16);
    assert_int_equal(file_read(FIXTURES "dpkg/dpkg.log.2.gz", &content, NULL), 0);
    snprintf(path, sizeof(path), "%s/dpkg.log.2.gz", b->dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, content.p, content.n - 4), (ssize_t)content.n - 4);
    close(fd);
    const char *paths[] = {path};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    snprintf(want, sizeof(want), "0: gzip data is cut short after %zu bytes\n", content.n - 4);
    assert_string_equal(b->rejections, want);
    assert_int_equal(b->result.total.accepted, 1);
    snprintf(want, sizeof(want), "\"reason\":\"gzip data is cut short after %zu bytes\"}", content.n - 4);
    assert_non_null(strstr(box_event(b, 2, text, sizeof(text)), want));
    snprintf(path, sizeof(path), "%s/dpkg.log", b->dir);
    put_log(path, "b");
    paths[0] = b->dir;
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_int_equal(b->result.total.rejected, 1);
    assert_int_equal(b->result.total.accepted, 1);
    assert_int_equal(b->result.total.duplicate, 1);
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1, .strict = true}),
                     ERR_INVALID);
    snprintf(want, sizeof(want), "%s/dpkg.log.2.gz: gzip data is cut short after %zu bytes", b->dir, content.n - 4);
    assert_string_equal(b->err.msg, want);
    buf_done(&content);
}

static void what_is_no_regular_file_is_no_dpkg_log_and_nobody_waits_for_it(void **state) {
    struct box *b = *state;
    char path[128];
    snprintf(path, sizeof(path), "%s/dpkg.log.12", b->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/dpkg.log.11", b->dir);
    assert_int_equal(symlink("nowhere", path), 0);
    snprintf(path, sizeof(path), "%s/dpkg.log.10", b->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/dpkg.log", b->dir);
    put_log(path, "b");
    const char *paths[] = {b->dir};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_string_equal(b->rejections, "0: is not a regular file\n"
                                       "0: No such file or directory\n"
                                       "0: is a directory; expected a file\n");
    assert_int_equal(b->result.total.accepted, 1);
}

static void a_log_that_is_named_must_be_there(void **state) {
    struct box *b = *state;
    const char *paths[] = {FIXTURES "dpkg", "/nonexistent/dpkg.log"};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 2}), ERR_NOTFOUND);
    assert_string_equal(b->err.msg, "/nonexistent/dpkg.log: No such file or directory");
    assert_int_equal(box_size(b), 1);
}

static void a_gzip_log_that_floods_is_given_up(void **state) {
    struct box *b = *state;
    char path[128], command[256];
    snprintf(path, sizeof(path), "%s/dpkg.log.1.gz", b->dir);
    snprintf(command, sizeof(command), "head -c 40000000 /dev/zero | tr '\\0' '\\n' | gzip -9 >%s", path);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof(path), "%s/dpkg.log", b->dir);
    put_log(path, "b");
    const char *paths[] = {b->dir};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), 0);
    assert_memory_equal(b->rejections, "0: the content is more than 200 times as large as its gzip file, past byte ", 74);
    assert_int_equal(b->result.total.rejected, 1);
    assert_int_equal(b->result.total.accepted, 1);
    assert_true(b->result.total.bytes < 20000000);
}

static void a_directory_without_a_log_is_an_error(void **state) {
    struct box *b = *state;
    char want[128];
    const char *paths[] = {b->dir};
    assert_int_equal(box_run(b, "dpkg", (struct ingest_options){.paths = paths, .n_paths = 1}), ERR_NOTFOUND);
    snprintf(want, sizeof(want), "%s: no dpkg.log in this directory", b->dir);
    assert_string_equal(b->err.msg, want);
}

/* ---- hardware ---- */

static void hardware_is_written_when_it_changed_and_only_then(void **state) {
    struct box *b = *state;
    char text[8192];
    static const char *const roots[] = {"box", "box", "board", "box"};
    static const size_t events[] = {1, 1, 2, 3};
    for (size_t i = 0; i < 4; i++) {
        char root[128];
        snprintf(root, sizeof(root), FIXTURES "hardware/%s", roots[i]);
        assert_int_equal(box_run(b, "hardware", (struct ingest_options){.root = root}), 0);
        assert_string_equal(b->rejections, "");
        assert_int_equal(box_count(b, "hardware.profiled"), events[i]);
        assert_int_equal(box_size(b), 1 + events[i]);
    }
    assert_memory_equal(box_event(b, 1, text, sizeof(text)),
                        "hardware.profiled host/local service:hardware hardware measured {\"arch\":\"x86_64\",\"cores\":2,",
                        88);
    assert_null(strstr(text, "S3CR3TSERIAL"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_jsonl_file_becomes_events_and_a_receipt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_run_over_the_same_input_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interrupted_runs_receipt_is_written_by_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_lines_are_rejected_alone_with_line_and_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_accepted_writes_nothing_even_when_lines_were_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(strict_stops_at_the_first_bad_line_and_keeps_what_came_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_run_shows_each_event_and_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_actor_of_the_caller_replaces_the_default, setup, teardown),
        cmocka_unit_test_setup_teardown(a_grown_file_adds_its_new_lines_only, setup, teardown),
        cmocka_unit_test_setup_teardown(many_batches_go_in_whole_and_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_source_or_option_says_what_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(dpkgs_logs_become_one_event_an_operation_oldest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(rotated_and_unordered_logs_are_duplicates, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dpkg_log_that_is_cut_and_garbled_gives_what_it_has, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_dpkg_log_is_a_rejection_and_the_others_go_in, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_no_dpkg_log_and_nobody_waits_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_is_named_must_be_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gzip_log_that_floods_is_given_up, setup, teardown),
        cmocka_unit_test_setup_teardown(rejections_do_not_show_the_secrets_of_what_they_quote, setup, teardown),
        cmocka_unit_test_setup_teardown(a_receipt_has_no_path_but_in_its_private_field, setup, teardown),
        cmocka_unit_test_setup_teardown(a_directory_without_a_log_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(hardware_is_written_when_it_changed_and_only_then, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
