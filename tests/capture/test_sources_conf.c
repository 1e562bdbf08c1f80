/* sources.conf: what is read, what each wrong line is answered with, and that a change leaves everything else as it is. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "capture/sources/conf.h"
#include "capture/sources/edit.h"

#define GOOD                                                                                                               \
    "# receivers\n[traces]\nsource = otlp\nlisten=127.0.0.1:4318\n\n[models]\r\n  source\t= ollama\r\n  every = 30s\n"     \
    "url = http://127.0.0.1:11434\n[agent]\nsource = jsonl\npath = /var/log/a b.jsonl\nfollow = true\nactor = agent:a"

static void sections_and_settings_are_read(void **state) {
    (void)state;
    struct sources_conf conf = {0};
    struct err err = {0};
    assert_int_equal(sources_conf_parse(&conf, bytes_of(GOOD), "f", &err), 0);
    assert_int_equal(conf.n, 3);
    assert_string_equal(conf.entries[0].name, "traces");
    assert_int_equal(conf.entries[0].line, 2);
    assert_string_equal(conf.entries[0].source->name, "otlp");
    assert_string_equal(conf.entries[0].listen, "127.0.0.1:4318");
    assert_int_equal(sources_entry_manner(&conf.entries[0]), SOURCES_RECEIVER);
    assert_true(conf.entries[1].every_ns == 30 * CLOCK_NS_PER_S);
    assert_int_equal(sources_entry_manner(&conf.entries[1]), SOURCES_POLLER);
    assert_string_equal(conf.entries[2].paths[0], "/var/log/a b.jsonl");
    assert_true(conf.entries[2].follow);
    assert_int_equal(sources_entry_manner(&conf.entries[2]), SOURCES_FOLLOWER);
    struct ingest_options o;
    sources_entry_options(&conf.entries[2], &o);
    assert_string_equal(o.actor, "agent:a");
    assert_int_equal(o.n_paths, 1);
    sources_conf_done(&conf);
}

static void what_cannot_run_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[a]\nsource = otlp\nlisten = localhost:1\n[b]\nsource = otlp\nlisten = 127.0.0.1:01\n", NULL},
        {"[a]\nsource = otlp\nlisten = localhost:1\n[b]\nsource = otlp\nlisten = 127.0.0.1:1\n",
         "f: line 4: [b]: 'a' and 'b' listen on the same address"},
        {"[a]\nsource = otlp\nlisten = 0.0.0.0:1\n",
         "f: line 1: [a]: '0.0.0.0:1' is not an address to listen on; expected: 127.0.0.1:PORT, [::1]:PORT, localhost:PORT "
         "(this machine only: remote connections are not accepted), or passed for the socket of a unit"},
        {"[a]\nsource = otlp\nlisten = unix:/x\n", NULL},
        {"[a]\nsource = otlp\nlisten = 192.0.2.1:4318\n", NULL},
        {"[a]\nsource = kubernetes\nfollow = true\npath = /x\n",
         "f: line 1: [a]: source 'kubernetes' follows only what a pipe brings: 'tail -n +1 -F FILE | ledger ingest "
         "kubernetes --follow -'"},
        {"[a]\nsource = hook\nfollow = true\npath = /x\n", NULL},
        {"[a]\nsource = kubernetes\npath = /x\n",
         "f: line 1: [a]: source 'kubernetes' ends by itself and cannot be kept running"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sources_conf conf = {0};
        struct err err = {0};
        assert_int_equal(sources_conf_parse(&conf, bytes_of(cases[i].text), "f", &err), ERR_INVALID);
        if (cases[i].message != NULL) assert_string_equal(err.msg, cases[i].message);
        sources_conf_done(&conf);
    }
}

static void every_wrong_line_is_named_with_what_is_accepted(void **state) {
    (void)state;
    static const char keys[] = "; expected one of: source, listen, url, token-file, unit, path, models, root, actor, "
                               "every, follow, verify";
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"source = otlp\n", "f: line 1: 'source' is before the first section; expected '[NAME]' above it"},
        {"[a]\nnonsense\n", "f: line 2: 'nonsense' is neither '[NAME]' nor 'key = value'"},
        {"[A]\n",
         "f: line 1: 'A' is not a name of a source; expected at most 48 of a-z, 0-9, '.', '_' and '-', a letter or digit "
         "first"},
        {"[../x]\n", NULL},
        {"[]\n", NULL},
        {"[a]\nsource = otlp\nlisten = 127.0.0.1:1\n[a]\n", "f: line 4: 'a' is in line 1 already"},
        {"[a]\nlisten = 127.0.0.1:1\n", NULL},
        {"[a]\nsource = otlp\n", "f: line 1: [a]: source 'otlp' would end by itself; expected 'listen = 127.0.0.1:PORT'"},
        {"[a]\nsource = promptfoo\npath = /x\n",
         "f: line 1: [a]: source 'promptfoo' ends by itself and cannot be kept running"},
        {"[a]\nsource = jsonl\nfollow = true\n", "f: line 1: [a]: 'follow' needs a 'path'"},
        {"[a]\nsource = jsonl\nevery = 5s\n", "f: line 1: [a]: source 'jsonl' does not take --every"},
        {"[a]\nsource = dpkg\nevery = 5s\nsource = dpkg\n", "f: line 4: 'source' is given twice"},
        {"[a]\nsource = dpkg\nevery = soon\n",
         "f: line 3: 'every' must be a duration of at least a second, such as 30s, 5m, 1h, 1d"},
        {"[a]\nsource = dpkg\nevery = 1\n", NULL},
        {"[a]\nfollow = yes\n", "f: line 2: 'follow' must be true or false"},
        {"[a]\npath = x.jsonl\n",
         "f: line 2: 'path' must be an absolute path: it means the same wherever the source is started"},
        {"[a]\npath =\n", "f: line 2: 'path' must be text of 1 to 4095 bytes without control characters"},
        {"[a]\nsource = otlp\nlisten = 127.0.0.1:1\n[b]\nsource = otlp\nlisten = 127.0.0.1:1\n",
         "f: line 4: [b]: 'a' and 'b' listen on the same address"},
        {"[a]\nsource = jsonl\nfollow = true\npath = /x\n[b]\nsource = jsonl\nfollow = true\npath = /x\n",
         "f: line 5: [b]: 'a' and 'b' follow the same file"},
        {"[a]\nsource = ollama\nurl = http://me:word@127.0.0.1:1\n",
         "f: line 3: 'url' holds a credential; this file must hold none"},
        {"[a]\nsource = openai\nevery = 5s\n",
         "f: line 1: [a]: source 'openai' needs the address of a server; expected 'url = http://HOST:PORT'"},
        {"[a]\nsource = ollama\nevery = 5s\ntoken-file = /t\n",
         "f: line 1: [a]: source 'ollama' does not take --token-file"},
        {"[a]\nsource = dpkg\nevery = 5s\nunit = x*\n", "f: line 1: [a]: source 'dpkg' does not take --unit"},
        {"[a]\ntoken-file = sk-secret\n",
         "f: line 2: 'token-file' must be an absolute path: it means the same wherever the source is started"},
        {"[a]\nactor = ghp_0123456789abcdefghijklmnopqrstuvwxyz\n", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sources_conf conf = {0};
        struct err err = {0};
        assert_int_equal(sources_conf_parse(&conf, bytes_of(cases[i].text), "f", &err), ERR_INVALID);
        if (cases[i].message != NULL) assert_string_equal(err.msg, cases[i].message);
        sources_conf_done(&conf);
    }
    struct sources_conf conf = {0};
    struct err err = {0};
    char wanted[320];
    snprintf(wanted, sizeof(wanted), "f: line 2: unknown key 'lisen', did you mean 'listen'?%s", keys);
    assert_int_equal(sources_conf_parse(&conf, bytes_of("[a]\nlisen = x\n"), "f", &err), ERR_INVALID);
    assert_string_equal(err.msg, wanted);
    sources_conf_done(&conf);
    assert_int_equal(sources_conf_parse(&conf, bytes_of("[a]\nsource = otpl\n"), "f", &err), ERR_INVALID);
    assert_non_null(
        strstr(err.msg, "f: line 2: unknown source 'otpl', did you mean 'otlp'?; expected one of: jsonl, dpkg"));
    sources_conf_done(&conf);
}

static void there_are_limits(void **state) {
    (void)state;
    struct sources_conf conf = {0};
    struct err err = {0};
    struct buf text = {.max = (size_t)1 << 20};
    for (int i = 0; i <= SOURCES_MAX; i++) {
        buf_printf(&text, "[s%d]\nsource = dpkg\nevery = 1h\n", i);
    }
    assert_int_equal(sources_conf_parse(&conf, bytes_of_buf(&text), "f", &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "more than 64 sources"));
    sources_conf_done(&conf);
    buf_clear(&text);
    buf_put_str(&text, "[a]\nsource = dpkg\nevery = 1h\n");
    for (int i = 0; i <= SOURCES_PATHS_MAX; i++) {
        buf_put_str(&text, "path = /x\n");
    }
    assert_int_equal(sources_conf_parse(&conf, bytes_of_buf(&text), "f", &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "line 36: a source has at most 32 paths"));
    sources_conf_done(&conf);
    buf_clear(&text);
    while (text.n <= SOURCES_TEXT_MAX) {
        buf_put_str(&text, "#\n");
    }
    assert_int_equal(sources_conf_parse(&conf, bytes_of_buf(&text), "f", &err), ERR_INVALID);
    sources_conf_done(&conf);
    buf_done(&text);
}

static int make_dir(void **state) {
    char *dir = strdup("/tmp/test-sources-XXXXXX");
    assert_non_null(mkdtemp(dir));
    *state = dir;
    return 0;
}

static int remove_dir(void **state) {
    file_remove_tree(*state, NULL);
    free(*state);
    return 0;
}

static void put_file(const char *dir, const char *text, mode_t mode) {
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, dir, SOURCES_CONF, NULL), 0);
    assert_int_equal(file_write_durable(path, bytes_of(text), 0600, NULL), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void expect_file(const char *dir, const char *text) {
    char path[FILE_PATH_MAX];
    struct buf got = {.max = 65536};
    struct stat st;
    assert_int_equal(file_join(path, dir, SOURCES_CONF, NULL), 0);
    assert_int_equal(file_read_regular(path, &got, NULL), 0);
    buf_put_u8(&got, 0);
    assert_string_equal((const char *)got.p, text);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    buf_done(&got);
}

static void a_file_that_others_can_access_is_refused(void **state) {
    struct sources_conf conf = {0};
    struct err err = {0};
    assert_int_equal(sources_conf_load(&conf, *state, &err), 0); /* none is empty */
    assert_int_equal(conf.n, 0);
    put_file(*state, GOOD, 0640);
    assert_int_equal(sources_conf_load(&conf, *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "its mode is 0640; expected 0600 ('chmod 600 "));
    put_file(*state, GOOD, 0600);
    assert_int_equal(sources_conf_load(&conf, *state, &err), 0);
    assert_int_equal(conf.n, 3);
    sources_conf_done(&conf);
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, *state, SOURCES_CONF, NULL), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(sources_conf_load(&conf, *state, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "not a regular file"));
}

static void a_section_is_added_and_removed_byte_for_byte(void **state) {
    static const char lines[] = "source = dpkg\nevery = 1h\n";
    struct sources_edit edit;
    struct err err = {0};
    for (int i = 0; i < 3; i++) {
        const char *before = i == 0   ? ""
                             : i == 1 ? "# mine\n\n[m]\nsource = hardware\n# often\nevery = 1d\n\n# end\n"
                                      : GOOD "\n";
        put_file(*state, before, 0600);
        assert_int_equal(sources_edit_add(&edit, *state, "new", bytes_of(lines), &err), 0);
        assert_int_equal(sources_edit_write(&edit, &err), 0);
        sources_edit_done(&edit);
        struct sources_conf conf = {0};
        assert_int_equal(sources_conf_load(&conf, *state, &err), 0);
        assert_non_null(sources_conf_find(&conf, "new"));
        sources_conf_done(&conf);
        assert_int_equal(sources_edit_add(&edit, *state, "new", bytes_of(lines), &err), ERR_CONFLICT);
        assert_int_equal(sources_edit_remove(&edit, *state, "new", &err), 0);
        assert_int_equal(sources_edit_write(&edit, &err), 0);
        sources_edit_done(&edit);
        expect_file(*state, before);
        assert_int_equal(sources_edit_remove(&edit, *state, "new", &err), ERR_NOTFOUND);
    }
}

static void a_wrong_section_changes_nothing(void **state) {
    struct sources_edit edit;
    struct err err = {0};
    put_file(*state, GOOD "\n", 0600);
    assert_int_equal(sources_edit_add(&edit, *state, "new", bytes_of("source = otlp\n"), &err), ERR_INVALID);
    assert_int_equal(sources_edit_add(&edit, *state, "new", bytes_of("source = otlp\nlisten = 127.0.0.1:4318\n"), &err),
                     ERR_INVALID);
    assert_non_null(strstr(err.msg, "'traces' and 'new' listen on the same address"));
    expect_file(*state, GOOD "\n");
}

static void what_was_written_is_taken_back(void **state) {
    struct sources_edit edit;
    char path[FILE_PATH_MAX];
    struct err err = {0};
    assert_int_equal(sources_edit_add(&edit, *state, "a", bytes_of("source = dpkg\nevery = 1h\n"), &err), 0);
    assert_int_equal(sources_edit_write(&edit, &err), 0);
    expect_file(*state, "[a]\nsource = dpkg\nevery = 1h\n");
    assert_int_equal(sources_edit_revert(&edit, &err), 0);
    sources_edit_done(&edit);
    assert_int_equal(file_join(path, *state, SOURCES_CONF, NULL), 0);
    assert_false(file_exists(path));
}

static void a_directory_that_is_not_there_is_not_made(void **state) {
    struct sources_edit edit;
    char dir[FILE_PATH_MAX];
    struct err err = {0};
    assert_int_equal(file_join(dir, *state, "absent", NULL), 0);
    assert_int_equal(sources_edit_add(&edit, dir, "a", bytes_of("source = dpkg\nevery = 1h\n"), &err), ERR_NOTFOUND);
    assert_false(file_exists(dir));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_settings_are_read),
        cmocka_unit_test(what_cannot_run_is_refused),
        cmocka_unit_test(every_wrong_line_is_named_with_what_is_accepted),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test_setup_teardown(a_file_that_others_can_access_is_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_section_is_added_and_removed_byte_for_byte, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_wrong_section_changes_nothing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_was_written_is_taken_back, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_not_made, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
