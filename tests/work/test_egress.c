/* The way out: which addresses are special, which patterns fit, which heads of requests are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "work/egress/request.h"

static const char *fault_of(const char *text) {
    struct egress_address address;
    assert_true(egress_address_read(bytes_of(text), &address));
    const char *fault = egress_address_fault(&address);
    return fault != NULL ? fault : "";
}

static void special_addresses_are_told_from_public_ones(void **state) {
    (void)state;
    static const struct {
        const char *address, *fault;
    } rows[] = {
        {"127.0.0.1", "loopback"},
        {"127.255.255.255", "loopback"},
        {"::1", "loopback"},
        {"10.0.0.1", "private"},
        {"172.16.0.1", "private"},
        {"172.31.255.255", "private"},
        {"172.32.0.1", ""},
        {"172.15.255.255", ""},
        {"192.168.1.1", "private"},
        {"192.167.255.255", ""},
        {"100.64.0.1", "private"},
        {"100.128.0.1", ""},
        {"169.254.169.254", "link-local"},
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fd00::1", "private"},
        {"fc00::1", "private"},
        {"fec0::1", "private"},
        {"224.0.0.1", "multicast"},
        {"239.255.255.255", "multicast"},
        {"ff02::1", "multicast"},
        {"0.0.0.0", "unspecified"},
        {"0.1.2.3", "unspecified"},
        {"::", "unspecified"},
        {"255.255.255.255", "reserved"},
        {"240.0.0.1", "reserved"},
        {"192.0.2.1", "reserved"},
        {"::ffff:127.0.0.1", "IPv4-mapped"},
        {"::ffff:8.8.8.8", "IPv4-mapped"},
        {"::7f00:1", "IPv4-compatible"},
        {"64:ff9b::7f00:1", "IPv4-translated"},
        {"2002:7f00:1::", "6to4"},
        {"2001::1", "reserved"},
        {"2001:db8::1", "reserved"},
        {"2001:4860:4860::8888", ""},
        {"2606:4700::1111", ""},
        {"8.8.8.8", ""},
        {"1.1.1.1", ""},
        {"223.255.255.255", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(fault_of(rows[i].address), rows[i].fault);
    }
}

static void an_address_has_one_way_of_writing(void **state) {
    (void)state;
    static const char *const bad[] = {"",           "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01",
                                      "127.0.0.1 ", "[::1]", "::1%lo",     "localhost"};
    struct egress_address address;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(egress_address_read(bytes_of(bad[i]), &address));
    }
}

static bool fits(const char *pattern, const char *asked) {
    const char *const patterns[] = {pattern, NULL};
    struct egress_target target;
    assert_null(egress_grant_fault(pattern));
    return egress_grant_target(bytes_of(asked), 0, &target) && egress_grant_fits(patterns, &target);
}

static void a_pattern_fits_its_host_and_port_alone(void **state) {
    (void)state;
    assert_true(fits("api.example.org:443", "api.example.org:443"));
    assert_true(fits("api.example.org:443", "API.Example.org.:443"));
    assert_false(fits("api.example.org:443", "api.example.org:80"));
    assert_false(fits("api.example.org:443", "example.org:443"));
    assert_false(fits("api.example.org:443", "xapi.example.org:443"));
    assert_false(fits("api.example.org:443", "api.example.org.evil.net:443"));
    assert_true(fits("127.0.0.1:80", "127.0.0.1:80"));
    assert_false(fits("127.0.0.1:80", "[::ffff:127.0.0.1]:80"));
    assert_true(fits("[2001:DB8::1]:443", "[2001:db8:0::1]:443"));
}

static void a_star_is_one_label(void **state) {
    (void)state;
    assert_true(fits("*.example.org:443", "a.example.org:443"));
    assert_false(fits("*.example.org:443", "a.b.example.org:443"));
    assert_false(fits("*.example.org:443", "example.org:443"));
    assert_false(fits("*.example.org:443", "aexample.org:443"));
}

static void what_is_no_pattern_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",          "example.org",        "example.org:0",   "example.org:65536", "example.org:+80", "*:443",
        "*.1.2.3:4", "a.*.org:443",        "ex ample:80",     "127.1:80",          "0x7f000001:80",   "[::1:80",
        "[::1]80",   "[127.0.0.1]:80",     "http://a.org:80", "a..org:80",         ".org:80",         "a/b:80",
        "::1:80",    "user@example.org:80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(egress_grant_fault(bad[i]));
    }
}

static bool names(const char *pattern, const char *asked, const char *led_to) {
    const char *const patterns[] = {pattern, NULL};
    struct egress_target target;
    struct egress_address address;
    assert_true(egress_grant_target(bytes_of(asked), 0, &target));
    assert_true(egress_address_read(bytes_of(led_to), &address));
    return egress_grant_names(patterns, &target, &address);
}

static void a_name_does_not_name_the_address_that_it_leads_to(void **state) {
    (void)state;
    assert_false(names("api.example.org:443", "api.example.org:443", "127.0.0.1"));
    assert_false(names("*.example.org:443", "a.example.org:443", "10.0.0.1"));
    assert_true(names("10.0.0.1:443", "10.0.0.1:443", "10.0.0.1"));
    assert_false(names("10.0.0.1:443", "10.0.0.1:443", "10.0.0.2"));
    assert_false(names("10.0.0.1:80", "10.0.0.1:443", "10.0.0.1"));
    assert_true(names("localhost:11434", "localhost:11434", "127.0.0.1"));
    assert_true(names("localhost:11434", "localhost:11434", "::1"));
    assert_false(names("localhost:11434", "localhost:11434", "10.0.0.1"));
}

static int read_head(const char *text, struct egress_request *request, struct buf *out) {
    struct err err;
    buf_clear(out);
    return egress_request_read(bytes_of(text), request, out, &err);
}

static void a_plain_request_is_rewritten_for_its_server(void **state) {
    (void)state;
    struct egress_request request;
    struct buf out;
    buf_init(&out, 1 << 16);
    static const char text[] =
        "GET http://Example.org:8080/a?b=c HTTP/1.1\r\nHost: evil.net\r\nProxy-Authorization: x\r\nAccept: */*\r\n\r\nbody";
    assert_int_equal(read_head(text, &request, &out), 0);
    assert_false(request.connect);
    assert_string_equal(request.target.host, "example.org");
    assert_int_equal(request.target.port, 8080);
    assert_int_equal(request.consumed, strlen(text) - 4);
    assert_true(bytes_is(bytes_of_buf(&out),
                         "GET /a?b=c HTTP/1.1\r\nHost: Example.org:8080\r\nConnection: close\r\nAccept: */*\r\n\r\n"));
    assert_int_equal(read_head("GET http://example.org HTTP/1.0\r\n\r\n", &request, &out), 0);
    assert_int_equal(request.target.port, 80);
    assert_true(bytes_is(bytes_of_buf(&out), "GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"));
    buf_done(&out);
}

static void a_connect_names_host_and_port(void **state) {
    (void)state;
    struct egress_request request;
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(read_head("CONNECT api.example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", &request, &out), 0);
    assert_true(request.connect);
    assert_string_equal(request.target.host, "api.example.org");
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static void every_part_of_a_head_is_not_yet_one(void **state) {
    (void)state;
    static const char text[] = "CONNECT api.example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct egress_request request;
    struct buf out;
    buf_init(&out, 1 << 16);
    for (size_t n = 0; n < strlen(text); n++) {
        assert_int_equal(egress_request_read((struct bytes){(const uint8_t *)text, n}, &request, &out, NULL), 1);
    }
    buf_done(&out);
}

static void what_is_no_proxy_request_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "GET /path HTTP/1.1\r\n\r\n",
        "GET https://example.org/ HTTP/1.1\r\n\r\n",
        "GET http://user@example.org/ HTTP/1.1\r\n\r\n",
        "GET http:// HTTP/1.1\r\n\r\n",
        "GET http://example.org/ HTTP/2\r\n\r\n",
        "GET  http://example.org/ HTTP/1.1\r\n\r\n",
        "CONNECT example.org HTTP/1.1\r\n\r\n",
        "CONNECT http://example.org:443 HTTP/1.1\r\n\r\n",
        "GET http://example.org/ HTTP/1.1\r\nno colon\r\n\r\n",
        "GET http://example.org/ HTTP/1.1\r\nA: b\r\n folded: c\r\n\r\n",
        "GET http://example.org/ HTTP/1.1\r\nA: b\nEvil: c\r\n\r\n",
        "\r\n\r\n",
    };
    struct egress_request request;
    struct buf out;
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_head(bad[i], &request, &out), ERR_INVALID);
    }
    buf_done(&out);
}

static void a_head_that_does_not_end_is_refused(void **state) {
    (void)state;
    static char text[EGRESS_HEAD_MAX + 1];
    struct egress_request request;
    struct buf out;
    buf_init(&out, 1 << 16);
    memset(text, 'a', EGRESS_HEAD_MAX);
    assert_int_equal(read_head(text, &request, &out), ERR_LIMIT);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_told_from_public_ones),
        cmocka_unit_test(an_address_has_one_way_of_writing),
        cmocka_unit_test(a_pattern_fits_its_host_and_port_alone),
        cmocka_unit_test(a_star_is_one_label),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(a_name_does_not_name_the_address_that_it_leads_to),
        cmocka_unit_test(a_plain_request_is_rewritten_for_its_server),
        cmocka_unit_test(a_connect_names_host_and_port),
        cmocka_unit_test(every_part_of_a_head_is_not_yet_one),
        cmocka_unit_test(what_is_no_proxy_request_is_refused),
        cmocka_unit_test(a_head_that_does_not_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
