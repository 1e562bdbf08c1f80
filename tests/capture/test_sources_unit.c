/* Units: the whole text, paths that need quoting, and which files count as written by us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "capture/sources/unit.h"

static const struct sources_unit_place place = {"/usr/bin/ledger", "/home/a/box", "/home/a/box/keys", NULL};

static void text_of(struct buf *out, const char *conf_text, const struct sources_unit_place *at, enum sources_unit unit) {
    struct sources_conf conf = {0};
    struct err err = {0};
    int rc = sources_conf_parse(&conf, bytes_of(conf_text), "f", &err);
    if (rc == 0) rc = sources_unit_text(out, &conf.entries[0], at, unit, &err);
    if (rc != 0) fail_msg("%s", err.msg);
    buf_put_u8(out, 0);
    sources_conf_done(&conf);
}

static void has(const struct buf *text, const char *line) {
    if (strstr((const char *)text->p, line) == NULL) fail_msg("lacks '%s':\n%s", line, (const char *)text->p);
}

#define RECEIVER "[t]\nsource = otlp\nlisten = localhost:4318\n"
#define FOLLOWER "[f]\nsource = jsonl\nfollow = true\npath = /var/tmp/x.jsonl\n"
#define PROBE    "[h]\nsource = hardware\nevery = 1h\n"

static void a_receiver_has_a_service_and_a_socket(void **state) {
    (void)state;
    struct buf service = {.max = SOURCES_UNIT_MAX}, socket = {.max = SOURCES_UNIT_MAX};
    text_of(&service, RECEIVER, &place, SOURCES_SERVICE);
    has(&service, "\nExecStart=\"/usr/bin/ledger\" -C \"/home/a/box\" sources run --no-restart t\n");
    has(&service, "\nRequires=ledger-source-t.socket\n");
    has(&service, "\nReadWritePaths=\"/home/a/box\"\n");
    has(&service, "\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n");
    has(&service, "\nPrivateTmp=yes\n");
    has(&service, "\nNoNewPrivileges=yes\n");
    has(&service, "\nProtectSystem=strict\n");
    text_of(&socket, RECEIVER, &place, SOURCES_SOCKET);
    has(&socket, "\nListenStream=127.0.0.1:4318\n");
    buf_done(&service);
    buf_done(&socket);
}

static void a_service_has_only_what_its_source_needs(void **state) {
    (void)state;
    struct buf text = {.max = SOURCES_UNIT_MAX};
    const struct sources_unit_place apart = {"/usr/bin/ledger", "/home/a/box", "/home/a/keys", "/home/a/pass"};
    text_of(&text, FOLLOWER, &apart, SOURCES_SERVICE);
    has(&text, "\nRestrictAddressFamilies=AF_UNIX\n");
    has(&text, " -C \"/home/a/box\" --passphrase-file \"/home/a/pass\" sources run");
    has(&text, "\nPrivateTmp=no\n");
    has(&text, "\nPrivateDevices=yes\n");
    has(&text, "\nReadWritePaths=\"/home/a/box\" \"/home/a/keys\"\n");
    assert_null(strstr((const char *)text.p, "Requires="));
    buf_clear(&text);
    text_of(&text, PROBE, &place, SOURCES_SERVICE);
    has(&text, "\nPrivateDevices=no\n");
    buf_done(&text);
}

static void paths_are_quoted(void **state) {
    (void)state;
    struct buf text = {.max = SOURCES_UNIT_MAX};
    struct sources_conf conf = {0};
    struct err err = {0};
    const struct sources_unit_place odd = {"/opt/a b/l$x", "/home/50% \"q\"\\", "/home/50% \"q\"\\/keys", NULL};
    const struct sources_unit_place wrong = {"/usr/bin/ledger", "/home/a\nExecStart=/bin/sh", "/k", NULL};
    text_of(&text, PROBE, &odd, SOURCES_SERVICE);
    has(&text, "\nExecStart=\"/opt/a b/l$$x\" -C \"/home/50%% \\\"q\\\"\\\\\" sources");
    has(&text, "\nReadWritePaths=\"/home/50%% \\\"q\\\"\\\\\"\n");
    buf_clear(&text);
    assert_int_equal(sources_conf_parse(&conf, bytes_of(RECEIVER), "f", &err), 0);
    assert_int_equal(sources_unit_text(&text, &conf.entries[0], &wrong, SOURCES_SERVICE, &err), ERR_INVALID);
    assert_int_equal(sources_unit_text(&text, &conf.entries[0], &wrong, SOURCES_SOCKET, &err), ERR_INVALID);
    assert_int_equal(text.n, 0);
    sources_conf_done(&conf);
    buf_done(&text);
}

static void any_free_port_has_no_unit(void **state) {
    (void)state;
    struct buf text = {.max = SOURCES_UNIT_MAX};
    struct sources_conf conf = {0};
    struct err err = {0};
    assert_int_equal(sources_conf_parse(&conf, bytes_of("[t]\nsource = otlp\nlisten = 127.0.0.1:0\n"), "f", &err), 0);
    assert_int_equal(sources_unit_text(&text, &conf.entries[0], &place, SOURCES_SOCKET, &err), ERR_INVALID);
    assert_string_equal(err.msg, "'t' listens on any free port; a unit needs one port");
    sources_conf_done(&conf);
    buf_done(&text);
}

static void only_an_unchanged_file_of_this_ledger_is_ours(void **state) {
    (void)state;
    char dir[] = "/tmp/test-unit-XXXXXX", path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_UNIT_MAX};
    enum sources_unit_state is;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(file_join(path, dir, "u.service", NULL), 0);
    assert_int_equal(sources_unit_look(path, place.dir, &is, NULL), 0);
    assert_int_equal(is, SOURCES_UNIT_ABSENT);
    text_of(&text, RECEIVER, &place, SOURCES_SERVICE);
    text.n--; /* the NUL */
    assert_int_equal(file_write_durable(path, bytes_of_buf(&text), 0644, NULL), 0);
    assert_int_equal(sources_unit_look(path, place.dir, &is, NULL), 0);
    assert_int_equal(is, SOURCES_UNIT_OURS);
    assert_int_equal(sources_unit_look(path, "/home/a/other", &is, NULL), 0);
    assert_int_equal(is, SOURCES_UNIT_OTHERS);
    for (size_t i = 0; i <= text.n; i += 7) { /* a changed byte, and a cut at it */
        struct bytes cut = {text.p, i};
        assert_int_equal(file_write_durable(path, i < text.n ? cut : bytes_of("x"), 0644, NULL), 0);
        assert_int_equal(sources_unit_look(path, place.dir, &is, NULL), 0);
        assert_int_equal(is, SOURCES_UNIT_CHANGED);
        if (i == text.n) break;
        text.p[i] ^= 1;
        assert_int_equal(file_write_durable(path, bytes_of_buf(&text), 0644, NULL), 0);
        assert_int_equal(sources_unit_look(path, place.dir, &is, NULL), 0);
        assert_int_equal(is, SOURCES_UNIT_CHANGED);
        text.p[i] ^= 1;
    }
    buf_done(&text);
    assert_int_equal(file_remove_tree(dir, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_has_a_service_and_a_socket),
        cmocka_unit_test(a_service_has_only_what_its_source_needs),
        cmocka_unit_test(paths_are_quoted),
        cmocka_unit_test(any_free_port_has_no_unit),
        cmocka_unit_test(only_an_unchanged_file_of_this_ledger_is_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
