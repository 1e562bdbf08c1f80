/* What the tests of streams share: a ledger, streams of it in memory, and their verification. */
#ifndef TESTS_EXPORT_STREAM_BOX_H
#define TESTS_EXPORT_STREAM_BOX_H

#include "export/stream/stream.h"
#include "tests/export/bundle_box.h"

static struct buf sent; /* the last stream */
static struct stream_report found;
static struct stream_at taken;
static int fail_after = -1; /* pieces; then the receiver takes nothing more */

static __attribute__((unused)) int collect(void *ctx, struct bytes piece, const struct stream_at *at, uint64_t events,
                                           struct err *err) {
    (void)ctx;
    (void)events;
    if (fail_after == 0) return err_set(err, ERR_IO, "the receiver is gone");
    fail_after -= fail_after > 0;
    taken = *at;
    buf_put_bytes(&sent, piece);
    return 0;
}

/* Appends a section from `from` to the head to `sent`. */
static __attribute__((unused)) int try_section(const struct stream_options *how, uint64_t from, bool seal) {
    struct stream_options options = *how;
    struct stream *stream = NULL;
    const struct export_delivery to = {.actor = "user:test", .path = "-"};
    uint64_t exported, n;
    options.put = collect;
    must(stream_new(s.ledger, &options, &stream, &why));
    must(stream_record(stream, from, &to, bytes_of("everything"), &exported, &why));
    int rc = stream_begin(stream, from, exported, &why);
    if (rc == 0) rc = stream_pump(stream, &n, &why);
    if (rc == 0 && seal) rc = stream_seal(stream, &why);
    stream_free(stream);
    return rc;
}

static __attribute__((unused)) void section(const struct stream_options *how, uint64_t from) {
    must(try_section(how, from, true));
}

static __attribute__((unused)) void stream_of(struct bytes bytes, const struct log_trust *t) {
    struct export_verify_options o = {.trust = t};
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes.p, bytes.n, 0), (ssize_t)bytes.n);
    must(stream_verify(fd, &o, &found, &why));
    report = found.report;
    close(fd);
}

static __attribute__((unused)) void stream_is_good(void) {
    stream_of(bytes_of_buf(&sent), trust);
    verdict_is(LOG_GOOD);
    assert_int_equal(found.report.log.n_findings, 0);
}

/* The first finding breaks this rule, at this line, about this event. */
static __attribute__((unused)) void stream_breaks(struct bytes bytes, const char *rule, const char *line, uint64_t seq) {
    stream_of(bytes, trust);
    verdict_is(LOG_INVALID);
    const struct log_finding *f = &found.report.log.findings[0];
    if (strcmp(f->rule, rule) != 0 || strcmp(f->place, line) != 0 || f->seq != seq) {
        fail_msg("%s, %s, seq %llu: %s; wanted %s, %s, seq %llu", f->rule, f->place, (unsigned long long)f->seq, f->reason,
                 rule, line, (unsigned long long)seq);
    }
}

/* Line n, from 1, with its line end. */
static __attribute__((unused)) struct bytes line_of(struct bytes all, unsigned n) {
    const uint8_t *end;
    for (; n > 1; n--) {
        end = memchr(all.p, '\n', all.n);
        assert_non_null(end);
        all.n -= (size_t)(end + 1 - all.p);
        all.p = end + 1;
    }
    end = memchr(all.p, '\n', all.n);
    assert_non_null(end);
    return (struct bytes){all.p, (size_t)(end + 1 - all.p)};
}

static __attribute__((unused)) unsigned lines_in(struct bytes all) {
    unsigned n = 0;
    for (size_t i = 0; i < all.n; i++) {
        n += all.p[i] == '\n';
    }
    return n;
}

#endif
