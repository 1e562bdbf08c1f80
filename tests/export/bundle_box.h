/* What the tests of bundles share: a ledger with everything that a bundle can hold, bundles exported from it and verified
 * in memory, and the members of a bundle, to be changed one by one. */
#ifndef TESTS_EXPORT_BUNDLE_BOX_H
#define TESTS_EXPORT_BUNDLE_BOX_H

#include <sys/mman.h>

#include "base/archive/ustar.h"
#include "base/hash.h"
#include "export/cut/manifest.h"
#include "export/export.h"
#include "ledger/trust/trust.h"
#include "tests/ledger/scratch.h"

static struct scratch s;
static struct log_author *alice;
static struct log_trust *trust; /* of the log key and alice */
static char authors_path[300], artifact_hex[2][2 * LOG_HASH + 1];
static struct buf bundle; /* the last one exported */
static struct export_counts counts;
static struct export_report report; /* of the last verification */

/* ---- a ledger ---- */

static __attribute__((unused)) struct log_trust *trust_of(struct ledger *ledger) {
    struct log_trust *t = log_trust_new();
    assert_non_null(t);
    must(log_trust_key(t, log_vkey(ledger), &why));
    must(log_trust_authors(t, authors_path, &why));
    return t;
}

static __attribute__((unused)) void box_start(void) {
    struct buf line;
    scratch_in_memory();
    scratch_new(&s, 0);
    buf_init(&line, 1024);
    must(log_author_new(scratch_at(&s, "alice"), "alice.example", bytes_of(""), &line, &why));
    must(log_author_load(scratch_at(&s, "alice"), bytes_of(""), &alice, &why));
    buf_put_u8(&line, '\n');
    snprintf(authors_path, sizeof(authors_path), "%s", scratch_at(&s, "authors"));
    scratch_write(authors_path, bytes_of_buf(&line));
    buf_done(&line);
    buf_init(&bundle, (size_t)256 << 20);
    trust = trust_of(s.ledger);
}

static __attribute__((unused)) void box_end(void) {
    log_author_free(alice);
    log_trust_free(trust);
    buf_done(&bundle);
    scratch_done(&s);
}

/* One event; returns its seq. */
static __attribute__((unused, format(printf, 4, 5))) uint64_t
box_event(const char *kind, const char *subject, const struct log_author *author, const char *fmt, ...) {
    static struct buf body;
    struct log_receipt receipt;
    char json[65536];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(json, sizeof(json), fmt, ap);
    va_end(ap);
    struct log_draft draft = scratch_draft(kind, subject, scratch_map(&body, "%s", json));
    draft.author = author;
    must(log_append(s.ledger, &draft, &receipt, NULL, &why));
    buf_done(&body);
    return receipt.seq;
}

static __attribute__((unused)) void box_artifact(unsigned i, struct bytes content) {
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    scratch_write(scratch_at(&s, "content"), content);
    must(log_artifact_put(s.ledger, scratch_at(&s, "content"), id, &size, &why));
    snprintf(artifact_hex[i], sizeof(artifact_hex[i]), "%s", id + strlen("artifact:sha256:"));
}

/* The run.artifact event that names it. */
static __attribute__((unused)) void box_name_artifact(unsigned i, size_t bytes) {
    box_event("run.artifact", "run/r-1", NULL, "{\"digest\":\"sha256:%s\",\"bytes\":%zu,\"name\":\"report-%u\"}",
              artifact_hex[i], bytes, i);
}

static __attribute__((unused)) void box_restore(const char *name) {
    char key[300], copy[300], dir[300];
    struct log_restore_options o = {
        .actor = "user:test", .reason = "the disk died", .log_key = key, .log_passphrase = bytes_of("words")};
    snprintf(key, sizeof(key), "%s", scratch_at(&s, "log.backup"));
    snprintf(copy, sizeof(copy), "%.200s-copy", scratch_at(&s, name));
    snprintf(dir, sizeof(dir), "%s", scratch_at(&s, name));
    if (!file_exists(key)) {
        must(log_key_backup(s.ledger, key, bytes_of("words"), &why));
    }
    must(log_backup(s.ledger, copy, &why));
    must(log_restore(copy, dir, &o, &why));
    scratch_close(&s);
    snprintf(s.dir, sizeof(s.dir), "%s", dir);
    scratch_open(&s);
}

/* Everything: groups, private fields, a signed event, a large payload, gaps, artifacts, two rotations, a restore. Some 700
 * events. */
static __attribute__((unused)) void box_fill(void) {
    static char text[40000];
    memset(text, 'z', sizeof(text) - 1);
    box_artifact(0, bytes_of("a small artifact"));
    box_artifact(1, bytes_of(text));
    scratch_fill(&s, 2, 200, true);
    box_event("permission.granted", "pack/pdf", alice,
              "{\"group\":\"exec\",\"scope\":\"inbox\",\"tier\":\"T1\",\"note\":\"for the March invoices\"}");
    box_event("ledger.gap", "gap/test", NULL, "{\"what\":\"dropped\",\"missing\":3}");
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    box_name_artifact(0, strlen("a small artifact"));
    box_name_artifact(1, sizeof(text) - 1);
    scratch_fill(&s, 200, 400, true);
    box_restore("back");
    box_event("permission.granted", "pack/csv", alice,
              "{\"group\":\"gpu\",\"scope\":\"inbox\",\"tier\":\"T0\",\"note\":\"%.30000s\"}", text);
    box_event("permission.revoked", "pack/pdf", NULL, "{\"group\":\"exec\",\"scope\":\"inbox\"}");
    box_event("ledger.gap", "gap/test", NULL, "{\"what\":\"clock_back\"}");
    must(log_key_rotate(s.ledger, "user:test", "again", NULL, &why));
    scratch_fill(&s, 400, 700, true);
}

/* ---- exporting ---- */

static __attribute__((unused)) int try_cut_of(struct ledger *ledger, const struct export_options *o, struct buf *out) {
    uint8_t digest[LOG_HASH], mine[LOG_HASH];
    uint64_t bytes = 0;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    assert_true(fd >= 0);
    int rc = export_write(ledger, o, fd, &counts, digest, &bytes, &why);
    if (rc == 0) {
        buf_clear(out);
        uint8_t *room = buf_room(out, bytes);
        assert_non_null(room);
        assert_int_equal(pread(fd, room, bytes, 0), (ssize_t)bytes);
        out->n = bytes;
        struct bytes all = bytes_of_buf(out);
        hash_parts(mine, &all, 1);
        assert_memory_equal(digest, mine, sizeof(mine));
    }
    close(fd);
    return rc;
}

/* Into `bundle`. */
static __attribute__((unused)) void cut(const struct export_options *o) {
    must(try_cut_of(s.ledger, o, &bundle));
}

static __attribute__((unused)) struct export_options everything(void) {
    struct export_options o;
    export_options_init(&o);
    o.plain = true;
    return o;
}

/* ---- verifying ---- */

static __attribute__((unused)) int verify_fd = -1;

static __attribute__((unused)) void verify_with(struct bytes bytes, const struct export_verify_options *o) {
    if (verify_fd < 0) {
        verify_fd = memfd_create("verify", MFD_CLOEXEC);
        assert_true(verify_fd >= 0);
    }
    assert_int_equal(pwrite(verify_fd, bytes.p, bytes.n, 0), (ssize_t)bytes.n);
    assert_int_equal(ftruncate(verify_fd, (off_t)bytes.n), 0);
    assert_int_equal(lseek(verify_fd, 0, SEEK_SET), 0);
    must(export_verify(verify_fd, o, &report, &why));
}

static __attribute__((unused)) void verify(struct bytes bytes, const struct log_trust *t) {
    struct export_verify_options o = {.trust = t};
    verify_with(bytes, &o);
}

static __attribute__((unused)) void verdict_is(enum log_verdict verdict) {
    if (report.log.verdict != verdict) {
        fail_msg("verdict %d, not %d; %llu findings, the first: %s: %s", (int)report.log.verdict, (int)verdict,
                 (unsigned long long)report.log.n_findings, report.log.findings[0].place, report.log.findings[0].reason);
    }
}

static __attribute__((unused)) void aspect_is(enum log_aspect aspect, enum log_aspect_state state, const char *text) {
    if (report.log.aspect[aspect].state != state || strstr(report.log.aspect[aspect].text, text) == NULL) {
        fail_msg("%s is %d '%s', not %d '%s'; %s: %s", log_aspect_name(aspect), (int)report.log.aspect[aspect].state,
                 report.log.aspect[aspect].text, (int)state, text, report.log.findings[0].place,
                 report.log.findings[0].reason);
    }
}

static __attribute__((unused)) void is_good(void) {
    verify(bytes_of_buf(&bundle), trust);
    verdict_is(LOG_GOOD);
    assert_int_equal(report.log.n_findings, 0);
}

/* The first finding is about this member and says this. */
static __attribute__((unused)) void is_invalid(struct bytes bytes, const char *member, const char *text) {
    verify(bytes, trust);
    verdict_is(LOG_INVALID);
    assert_true(report.log.n_findings > 0);
    if (strcmp(report.log.findings[0].place, member) != 0 || strstr(report.log.findings[0].reason, text) == NULL) {
        fail_msg("the finding is '%s: %s', not '%s: %s'", report.log.findings[0].place, report.log.findings[0].reason,
                 member, text);
    }
}

/* ---- members of a plain bundle ---- */

struct member {
    char name[USTAR_NAME_MAX + 1];
    struct buf content;
};

#define MEMBERS_MAX 64
static __attribute__((unused)) struct member members[MEMBERS_MAX];
static __attribute__((unused)) size_t n_members;

static __attribute__((unused)) void members_done(void) {
    for (size_t i = 0; i < n_members; i++) {
        buf_done(&members[i].content);
    }
    n_members = 0;
}

static __attribute__((unused)) void members_take(struct bytes tar) {
    uint64_t size;
    members_done();
    for (const uint8_t *p = tar.p; ustar_parse(p, members[n_members].name, &size, &why) == 0;) {
        assert_true(n_members < MEMBERS_MAX - 1);
        buf_init(&members[n_members].content, (size_t)64 << 20);
        buf_put(&members[n_members].content, p + USTAR_BLOCK, size);
        p += USTAR_BLOCK + size + ustar_padding(size);
        n_members++;
    }
}

/* The index of a member. */
static __attribute__((unused)) size_t member(const char *name) {
    for (size_t i = 0; i < n_members; i++) {
        if (strcmp(members[i].name, name) == 0) return i;
    }
    fail_msg("there is no member '%s'", name);
    return 0;
}

/* A tar of them, replacing `out`. */
static __attribute__((unused)) void members_put(struct buf *out) {
    static const uint8_t zeros[2 * USTAR_BLOCK];
    uint8_t header[USTAR_BLOCK];
    if (out->max == 0) {
        buf_init(out, (size_t)256 << 20);
    }
    buf_clear(out);
    for (size_t i = 0; i < n_members; i++) {
        must(ustar_header(header, bytes_of(members[i].name), members[i].content.n, &why));
        buf_put(out, header, sizeof(header));
        buf_put_bytes(out, bytes_of_buf(&members[i].content));
        buf_put(out, zeros, ustar_padding(members[i].content.n));
    }
    buf_put(out, zeros, sizeof(zeros));
    assert_int_equal(out->fail, 0);
}

#endif
