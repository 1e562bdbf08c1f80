/* One connection of a client, over a pair of sockets; and bodies that are held. */
#include "capture/pass/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "capture/pass/held.h"

struct pair {
    struct client client;
    int other;
};

static int setup(void **state) {
    struct pair *p = calloc(1, sizeof(*p));
    int fds[2];
    assert_non_null(p);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    client_init(&p->client, fds[0]);
    p->other = fds[1];
    *state = p;
    return 0;
}

static int teardown(void **state) {
    struct pair *p = *state;
    (void)close(p->client.fd);
    client_done(&p->client);
    if (p->other >= 0) (void)close(p->other);
    free(p);
    return 0;
}

static void say(const struct pair *p, const char *text) {
    assert_int_equal(file_put_all(p->other, (const uint8_t *)text, strlen(text)), 0);
}

static void hang_up(struct pair *p) {
    (void)close(p->other);
    p->other = -1;
}

static int head(struct pair *p, struct httpd_head *ret, struct err *err) {
    bool late = true;
    int rc = client_head(&p->client, ret, &late, err);
    assert_false(late);
    return rc;
}

/* Takes a body in pieces of at most `max` bytes; the code at its end. */
static int take_all(struct pair *p, size_t max, struct buf *out, struct err *err) {
    uint8_t piece[64];
    size_t n = 1;
    int rc = 0;
    buf_clear(out);
    while (rc == 0 && n > 0) {
        rc = client_body_take(&p->client, piece, max, &n, err);
        buf_put(out, piece, n);
    }
    return rc;
}

static void requests_come_one_after_the_other(void **state) {
    struct pair *p = *state;
    struct httpd_head h;
    struct err err = {0};
    struct buf body = {.max = 1000};
    struct httpd_verdict sized = {.has_body = true, .has_length = true, .length = 5}, chunked = {.has_body = true},
                         none = {0};
    say(p, "POST /a HTTP/1.1\r\nHost: h\r\n\r\nhelloPOST /b HTTP/1.1\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
    assert_true(client_wait(&p->client));
    assert_int_equal(head(p, &h, &err), 0);
    assert_true(bytes_is(h.target, "/a") && h.n == 1);
    client_body_begin(&p->client, &sized, 5);
    assert_int_equal(take_all(p, 2, &body, &err), 0);
    assert_true(bytes_is(bytes_of_buf(&body), "hello") && p->client.body_ended);
    assert_int_equal(head(p, &h, &err), 0);
    assert_true(bytes_is(h.target, "/b"));
    client_body_begin(&p->client, &chunked, 3);
    assert_int_equal(take_all(p, 64, &body, &err), 0);
    assert_true(bytes_is(bytes_of_buf(&body), "abc"));
    assert_int_equal(head(p, &h, &err), 0);
    client_body_begin(&p->client, &none, 0);
    assert_true(bytes_is(h.target, "/c") && p->client.body_ended);
    hang_up(p);
    assert_false(client_wait(&p->client));
    buf_done(&body);
}

static void what_is_no_head_is_refused_in_its_own_words(void **state) {
    struct pair *p = *state;
    struct httpd_head h;
    struct err err = {0};
    say(p, "GET /a HTTP/1.1\nHost: h\n\n");
    assert_int_equal(head(p, &h, &err), ERR_INVALID);
    assert_true(err.msg[0] != '\0');
}

static void a_head_has_a_limit(void **state) {
    struct pair *p = *state;
    struct httpd_head h;
    struct err err = {0};
    char *text = malloc(CLIENT_HEAD_MAX + 1);
    memset(text, 'a', CLIENT_HEAD_MAX);
    text[CLIENT_HEAD_MAX] = '\0';
    memcpy(text, "GET /", 5);
    say(p, text);
    assert_int_equal(head(p, &h, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the header is too large; expected at most 32768 bytes");
    free(text);
}

static void a_head_that_is_cut_off_is_none(void **state) {
    struct pair *p = *state;
    struct httpd_head h;
    struct err err = {0};
    say(p, "GET /a HTTP/1.1\r\nHost");
    hang_up(p);
    assert_int_equal(head(p, &h, &err), ERR_NET);
}

static void a_body_that_is_too_large_cut_off_or_malformed_is_refused(void **state) {
    static const struct {
        const char *text, *words;
        bool chunked, bad;
        int code;
    } all[] = {
        {"12345", "the body is too large; expected at most 4 bytes", false, false, ERR_LIMIT},
        {"123", "the client went away", false, false, ERR_NET},
        {"5\r\n12345\r\n0\r\n\r\n", "the body is too large; expected at most 4 bytes", true, false, ERR_LIMIT},
        {"3\r\n123", "the client went away", true, false, ERR_NET},
        {"x\r\n", NULL, true, true, ERR_INVALID},
        {"2\r\n123\r\n", NULL, true, true, ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const struct httpd_verdict v = {.has_body = true, .has_length = !all[i].chunked, .length = all[i].chunked ? 0 : 5};
        struct buf body = {.max = 1000};
        struct err err = {0};
        void *own;
        (void)setup(&own);
        struct pair *p = own;
        say(p, all[i].text);
        hang_up(p);
        client_body_begin(&p->client, &v, 4);
        assert_int_equal(take_all(p, 64, &body, &err), all[i].code);
        if (all[i].words != NULL) assert_string_equal(err.msg, all[i].words);
        assert_int_equal(p->client.bad, all[i].bad);
        assert_false(p->client.slow);
        (void)teardown(&own);
        buf_done(&body);
    }
}

static void who_waits_for_an_interim_answer_gets_one_only_when_the_body_is_wanted(void **state) {
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct pair *p = *state;
    const struct httpd_verdict v = {.has_body = true, .has_length = true, .length = 2, .expects = true};
    char got[64];
    uint8_t piece[8];
    size_t n;
    struct err err = {0};
    client_body_begin(&p->client, &v, 10);
    assert_int_equal(recv(p->other, got, sizeof(got), MSG_DONTWAIT), -1);
    (void)shutdown(p->other, SHUT_WR); /* the body never comes */
    assert_int_equal(client_body_take(&p->client, piece, sizeof(piece), &n, &err), ERR_NET);
    assert_int_equal(recv(p->other, got, sizeof(got), MSG_DONTWAIT), (ssize_t)strlen(interim));
    assert_memory_equal(got, interim, strlen(interim));
    assert_int_equal(client_body_take(&p->client, piece, sizeof(piece), &n, &err), ERR_NET);
    assert_int_equal(recv(p->other, got, sizeof(got), MSG_DONTWAIT), -1); /* once */
}

static void an_end_of_the_client_is_seen(void **state) {
    struct pair *p = *state;
    struct err err = {0};
    assert_false(client_gone(&p->client));
    say(p, "not read");
    assert_false(client_gone(&p->client));
    assert_int_equal(client_send(&p->client, bytes_of("answer"), &err), 0);
    hang_up(p);
    assert_true(client_gone(&p->client));
    assert_int_equal(client_send(&p->client, bytes_of("answer"), &err), ERR_NET);
    assert_string_equal(err.msg, "the client went away");
}

static void a_client_that_is_left_sees_the_answer_and_not_a_reset(void **state) {
    struct pair *p = *state;
    struct err err = {0};
    char got[64];
    say(p, "much that nobody reads");
    assert_int_equal(client_send(&p->client, bytes_of("413"), &err), 0);
    (void)shutdown(p->other, SHUT_WR);
    client_leave(&p->client);
    assert_int_equal(recv(p->other, got, sizeof(got), MSG_DONTWAIT), 3);
    assert_int_equal(recv(p->other, got, sizeof(got), MSG_DONTWAIT), 0);
    assert_int_equal(recv(p->client.fd, got, sizeof(got), MSG_DONTWAIT), 0); /* all of it was read */
}

/* ---- what is held ---- */

static void a_held_body_is_bounded_for_itself_and_with_all_others(void **state) {
    atomic_llong left = 1000;
    struct held one, other;
    struct err err = {0};
    char text[600] = {0};
    (void)state;
    held_init(&one, 800, &left);
    held_init(&other, 800, &left);
    assert_int_equal(held_put(&one, (struct bytes){(const uint8_t *)text, 600}, &err), 0);
    assert_true(atomic_load(&left) <= 400); /* the room that it takes, not what is in it */
    assert_int_equal(held_put(&one, (struct bytes){(const uint8_t *)text, 201}, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the body is too large; expected at most 800 bytes");
    assert_int_equal(held_put(&other, (struct bytes){(const uint8_t *)text, 600}, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "too many large messages at once; try again");
    held_done(&other);
    held_done(&one);
    assert_true(atomic_load(&left) == 1000);
    assert_int_equal(held_put(&other, (struct bytes){(const uint8_t *)text, 600}, &err), 0);
    held_done(&other);
    assert_true(atomic_load(&left) == 1000);
}

int main(void) {
#define ON_A_PAIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ON_A_PAIR(requests_come_one_after_the_other),
        ON_A_PAIR(what_is_no_head_is_refused_in_its_own_words),
        ON_A_PAIR(a_head_has_a_limit),
        ON_A_PAIR(a_head_that_is_cut_off_is_none),
        cmocka_unit_test(a_body_that_is_too_large_cut_off_or_malformed_is_refused),
        ON_A_PAIR(who_waits_for_an_interim_answer_gets_one_only_when_the_body_is_wanted),
        ON_A_PAIR(an_end_of_the_client_is_seen),
        ON_A_PAIR(a_client_that_is_left_sees_the_answer_and_not_a_reset),
        cmocka_unit_test(a_held_body_is_bounded_for_itself_and_with_all_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
