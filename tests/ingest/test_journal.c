/* Exports of the journal: what is recorded, what is not believed, and what is refused. */
#include "base/text.h"
#include "ingest/journal/journal.h"
#include "tests/ingest/ollama_box.h"

#define FIXTURE "tests/ingest/fixtures/journal/box.export"
#define STARTED "39f53479d3a045ac8e11786248231fbf"
#define FAILED  "d9b373ed55a64feb8242e02dbe79a49c"

static int run_file(struct ollama_box *b, const char *path, struct ingest_options o) {
    const char *const paths[] = {path};
    o.paths = paths;
    o.n_paths = 1;
    return box_run(&b->box, "journal", o);
}

static int run_bytes(struct ollama_box *b, struct bytes content) {
    FILE *f = fopen(b->box.file, "wb");
    assert_non_null(f);
    assert_true(content.n == 0 || fwrite(content.p, 1, content.n, f) == content.n);
    fclose(f);
    return run_file(b, b->box.file, (struct ingest_options){0});
}

static struct buf read_fixture(void) {
    struct buf all = {.max = 1 << 20};
    assert_int_equal(file_read(FIXTURE, &all, NULL), 0);
    return all;
}

static void services_and_faults_of_a_box_are_recorded_once(void **state) {
    struct ollama_box *b = *state;
    uint64_t from = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURE, (struct ingest_options){0}), 0);
    assert_string_equal(b->box.rejections, "");
    events_are(b, from, "unit outcome exit_code what device code",
               "hardware.faulted host/local reported unit=\"ollama.service\" what=\"oom\"\n"
               "hardware.faulted host/local reported what=\"gpu\" device=\"0000:01:00\" code=79\n"
               "hardware.faulted host/local reported what=\"gpu\" device=\"0000:03:00.0\"\n"
               "service.failed unit/llama-server.service reported unit=\"llama-server.service\" outcome=\"dependency\"\n"
               "service.failed unit/ollama.service reported unit=\"ollama.service\" outcome=\"oom-kill\" exit_code=9\n"
               "service.started unit/ollama.service reported unit=\"ollama.service\"\n"
               "service.started unit/ollama.service reported unit=\"ollama.service\"\n"
               "service.stopped unit/ollama.service reported unit=\"ollama.service\"\n");
    uint64_t size = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURE, (struct ingest_options){0}), 0);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(box_size(&b->box), size);
}

static void messages_are_private(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    assert_int_equal(run_file(b, FIXTURE, (struct ingest_options){0}), 0);
    for (uint64_t seq = 1; seq < box_size(&b->box); seq++) {
        const char *event = box_event(&b->box, seq, text, sizeof(text)), *hidden = strstr(event, "{\"message\"");
        assert_null(strstr(event, "another program"));
        if (strstr(event, "hardware.faulted") != NULL) assert_non_null(hidden);
    }
}

static void other_units_are_recorded_when_they_are_asked_for(void **state) {
    struct ollama_box *b = *state;
    static const char *const units[] = {"nothing*", "cron.*"};
    assert_int_equal(run_file(b, FIXTURE, (struct ingest_options){0}), 0);
    uint64_t from = box_size(&b->box);
    assert_int_equal(run_file(b, FIXTURE, (struct ingest_options){.units = units, .n_units = 2}), 0);
    events_are(b, from, "unit", "service.started unit/cron.service reported unit=\"cron.service\"\n");
}

/* An entry with these lines after the two that each has. */
#define ENTRY(n, lines) "__CURSOR=c" n "\n__REALTIME_TIMESTAMP=1772352000000000\n" lines "\n"
#define CLAIM           "UNIT=ollama.service\nMESSAGE_ID=" FAILED "\nUNIT_RESULT=exit-code\n"

static void what_a_program_says_of_a_unit_is_not_believed(void **state) {
    static const char *const texts[] = {
        ENTRY("1", CLAIM),
        ENTRY("2", "_PID=10\n_UID=0\n" CLAIM),
        ENTRY("3", "PID=1\n_PID=77\n" CLAIM),
        ENTRY("4", "_PID=77\n_PID=1\n" CLAIM),
        ENTRY(
            "5",
            "_SYSTEMD_UNIT=user@1000.service\n_SYSTEMD_USER_UNIT=evil.service\nUSER_UNIT=ollama.service\nMESSAGE_ID=" FAILED
            "\n"),
        ENTRY("6", "_TRANSPORT=syslog\nMESSAGE=NVRM: Xid (PCI:0000:01:00): 79, x\n"),
        ENTRY("7", "_PID=1\nUNIT=../ollama.service\nMESSAGE_ID=" FAILED "\n"),
    };
    struct ollama_box *b = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(run_bytes(b, bytes_of(texts[i])), 0);
        assert_int_equal(b->box.result.total.accepted, 0);
        assert_string_equal(b->box.rejections, "");
    }
    assert_int_equal(run_bytes(b, bytes_of(ENTRY("8", "_PID=1\n" CLAIM))), 0);
    assert_int_equal(b->box.result.total.accepted, 1);
}

static void each_wrong_entry_is_refused_in_its_own_words(void **state) {
    static const struct {
        const char *text;
        size_t n;
        const char *words;
    } cases[] = {
#define CASE(text, words) {text, sizeof(text) - 1, words}
        CASE("__REALTIME_TIMESTAMP=1\n\n", "1: the entry has no '__CURSOR' of 1 to 256 bytes\n"),
        CASE("__CURSOR=\n\n", "1: the entry has no '__CURSOR' of 1 to 256 bytes\n"),
        CASE("__CURSOR=a\n\n", "1: the entry's '__REALTIME_TIMESTAMP' is not a number of microseconds\n"),
        CASE("\n\n__CURSOR=a\n__REALTIME_TIMESTAMP=-1\n\n",
             "3: the entry's '__REALTIME_TIMESTAMP' is not a number of microseconds\n"),
        CASE("__CURSOR=a\n__REALTIME_TIMESTAMP=99999999999999999999\n\n",
             "1: the entry's '__REALTIME_TIMESTAMP' is not a number of microseconds\n"),
        CASE("__CURSOR=a\nlower=1\n\n__CURSOR=b\n__REALTIME_TIMESTAMP=1\n\n",
             "1: a field's name has other characters than A to Z, 0 to 9 and _, or more than 64 of them\n"),
        CASE("__CURSOR=a\n__REALTIME_TIMESTAMP=1\nMESSAGE", "1: the entry is cut off\n"),
        CASE("__CURSOR=a\nMESSAGE\n\x07\0\0\0\0\0\0\0foo", "1: the entry is cut off\n"),
        CASE("__CURSOR=a\nMESSAGE\n\x07\0\0", "1: the entry is cut off\n"),
        CASE("__CURSOR=a\nMESSAGE\n\x02\0\0\0\0\0\0\0foo\n\n",
             "3: a field's length is wrong: after its 2 bytes there is no line end; nothing after it is read\n"),
        CASE("__CURSOR=a\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff"
             "foo\n\n",
             "3: a field says that it has 18446744073709551615 bytes; expected: at most 805306368; nothing after it is "
             "read\n"),
        CASE("__CURSOR=a\nno field\n\n",
             "3: a field's name has other characters than A to Z, 0 to 9 and _, or more than 64 "
             "of them; nothing after it is read\n"),
#undef CASE
    };
    struct ollama_box *b = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run_bytes(b, (struct bytes){(const uint8_t *)cases[i].text, cases[i].n}), 0);
        assert_string_equal(b->box.rejections, cases[i].words);
    }
}

/* ---- the parser --------------------------------------------------------------------------------------------------- */

struct sum {
    struct buf text;
    size_t entries, wrong;
};

static int on_entry(void *ctx, const struct journal_entry *e, const char *wrong, struct err *err) {
    struct sum *s = ctx;
    (void)err;
    s->entries++;
    s->wrong += wrong != NULL;
    for (size_t i = 0; i < JOURNAL_FIELDS; i++) {
        buf_printf(&s->text, "%llu:%llu:%zu=", (unsigned long long)e->line, (unsigned long long)e->offset, i);
        buf_put_bytes(&s->text, e->fields[i]);
        buf_put_u8(&s->text, '\n');
    }
    return 0;
}

static void pieces_of_any_size_give_the_same_entries(void **state) {
    struct buf all = read_fixture();
    struct buf want = {.max = 1 << 20};
    (void)state;
    for (size_t piece = all.n; piece > 0; piece = piece > 64 ? piece / 2 : piece - 1) {
        struct journal_parser p;
        struct sum s = {.text = {.max = 1 << 20}};
        journal_parser_init(&p, on_entry, &s);
        for (size_t at = 0; at < all.n; at += piece) {
            size_t n = all.n - at < piece ? all.n - at : piece;
            assert_int_equal(journal_push(&p, (struct bytes){all.p + at, n}, NULL), 0);
        }
        assert_int_equal(journal_push_end(&p, NULL), 0);
        assert_int_equal(s.entries, 16);
        if (piece == all.n) buf_put_bytes(&want, bytes_of_buf(&s.text));
        assert_true(bytes_eq(bytes_of_buf(&want), bytes_of_buf(&s.text)));
        journal_parser_done(&p);
        buf_done(&s.text);
    }
    buf_done(&want);
    buf_done(&all);
}

static void an_export_that_is_cut_anywhere_loses_at_most_its_last_entry(void **state) {
    struct buf all = read_fixture();
    size_t before = 0;
    (void)state;
    for (size_t n = 0; n <= all.n; n++) {
        struct journal_parser p;
        struct sum s = {.text = {.max = 1 << 20}};
        journal_parser_init(&p, on_entry, &s);
        assert_int_equal(journal_push(&p, (struct bytes){all.p, n}, NULL), 0);
        assert_int_equal(journal_push_end(&p, NULL), 0);
        assert_true(s.entries >= before && s.entries <= before + 1 && s.wrong <= 1);
        before = s.entries;
        journal_parser_done(&p);
        buf_done(&s.text);
    }
    assert_int_equal(before, 16);
    buf_done(&all);
}

static void a_long_value_takes_no_memory(void **state) {
    struct journal_parser p;
    struct sum s = {.text = {.max = 1 << 20}};
    static const uint8_t head[] = "BLOB\n\0\0\0\x20\0\0\0\0"; /* 512 MiB, of which some MiB come */
    uint8_t *zeros = calloc(1, 1 << 20);
    (void)state;
    assert_non_null(zeros);
    journal_parser_init(&p, on_entry, &s);
    assert_int_equal(journal_push(&p, (struct bytes){head, sizeof(head) - 1}, NULL), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(journal_push(&p, (struct bytes){zeros, 1 << 20}, NULL), 0);
    }
    assert_true(p.line.cap + p.kept.cap < 65536);
    assert_int_equal(journal_push_end(&p, NULL), 0);
    assert_int_equal(s.wrong, 1);
    journal_parser_done(&p);
    buf_done(&s.text);
    free(zeros);
}

/* ---- the kernel --------------------------------------------------------------------------------------------------- */

static void faults_are_told_from_other_messages(void **state) {
    static const struct {
        const char *message, *what, *device, *unit;
        int64_t code;
    } cases[] = {
        {"NVRM: Xid (PCI:0000:0b:00): 31, pid=12, name=x", "gpu", "0000:0b:00", "", 31},
        {"NVRM: Xid (0000:0b:00): 13", "gpu", "0000:0b:00", "", 13},
        {"NVRM: Xid (../../etc): many, x", "gpu", "", "", -1},
        {"NVRM: loading NVIDIA UNIX x86_64 Kernel Module", NULL, "", "", 0},
        {"[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx_0.0.0 timeout, signaled seq=1", "gpu", "", "", -1},
        {"amdgpu 0000:03:00.0: amdgpu: Fetched VBIOS from VFCT", NULL, "", "", 0},
        {"Out of memory: Killed process 7 (x)", "oom", "", "", -1},
        {"oom-kill:constraint=C,task_memcg=/user.slice/user@1000.service/app.slice/vllm@a.service/x,task=x,pid=7", NULL, "",
         "", 0},
        {"Memory cgroup out of memory: Killed process 7 (x)", "oom", "", "vllm@a.service", -1},
        {"Memory cgroup out of memory: Killed process 8 (x)", "oom", "", "", -1},
        {"oom-kill:task_memcg=", NULL, "", "", 0},
        {"", NULL, "", "", 0},
    };
    struct journal_reading *r = calloc(1, sizeof(*r));
    (void)state;
    assert_non_null(r);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct journal_entry e = {0};
        struct journal_fault f;
        e.fields[JOURNAL_MESSAGE] = bytes_of(cases[i].message);
        assert_int_equal(journal_kernel(r, &e, &f), cases[i].what != NULL);
        if (cases[i].what == NULL) continue;
        assert_string_equal(f.what, cases[i].what);
        assert_string_equal(f.device, cases[i].device);
        assert_string_equal(f.unit, cases[i].unit);
        assert_int_equal(f.code, cases[i].code);
    }
    free(r);
}

int main(void) {
#define BOX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        BOX(services_and_faults_of_a_box_are_recorded_once),
        BOX(messages_are_private),
        BOX(other_units_are_recorded_when_they_are_asked_for),
        BOX(what_a_program_says_of_a_unit_is_not_believed),
        BOX(each_wrong_entry_is_refused_in_its_own_words),
        cmocka_unit_test(pieces_of_any_size_give_the_same_entries),
        cmocka_unit_test(an_export_that_is_cut_anywhere_loses_at_most_its_last_entry),
        cmocka_unit_test(a_long_value_takes_no_memory),
        cmocka_unit_test(faults_are_told_from_other_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
