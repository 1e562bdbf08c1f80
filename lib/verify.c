/* Trust and the four ways to verify; report.c has the results. */
#include <ledger/verify.h>

#include "lib/facade.h"
#include "lib/isolate/check.h"
#include "lib/isolate/isolate.h"
#include "lib/report.h"

/* ---- trust: struct ledger_trust is struct log_trust under another name ---- */

static struct log_trust *inside(const struct ledger_trust *trust) {
    return (struct log_trust *)(uintptr_t)trust;
}

int ledger_trust_new(struct ledger_trust **ret, struct ledger_error *error) {
    struct err err = {0};
    struct log_trust *trust = log_trust_new();
    int rc = trust == NULL ? err_set(&err, ERR_NOMEM, "no memory for what is trusted") : 0;
    if (rc == 0) {
        log_trust_only_files(trust);
        *ret = (struct ledger_trust *)trust;
    }
    return facade_end(rc, &err, error);
}

void ledger_trust_free(struct ledger_trust *trust) {
    log_trust_free(inside(trust));
}

int ledger_trust_key(struct ledger_trust *trust, const char *vkey, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(vkey, "verifier key", &err);
    if (rc == 0) rc = log_trust_key(inside(trust), vkey, &err);
    return facade_end(rc, &err, error);
}

int ledger_trust_genesis(struct ledger_trust *trust, const char *leaf_hex, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(leaf_hex, "leaf hash of a genesis event", &err);
    if (rc == 0) rc = log_trust_genesis(inside(trust), leaf_hex, &err);
    return facade_end(rc, &err, error);
}

int ledger_trust_checkpoint(struct ledger_trust *trust, const char *path, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_trust_checkpoint(inside(trust), path, &err);
    return facade_end(rc, &err, error);
}

int ledger_trust_policy(struct ledger_trust *trust, const char *path, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_trust_policy(inside(trust), path, &err);
    return facade_end(rc, &err, error);
}

int ledger_trust_file(struct ledger_trust *trust, const char *path, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_trust_file(inside(trust), path, &err);
    return facade_end(rc, &err, error);
}

int ledger_trust_authors(struct ledger_trust *trust, const char *path, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_given(path, "file", &err);
    if (rc == 0) rc = log_trust_authors(inside(trust), path, &err);
    return facade_end(rc, &err, error);
}

/* ---- verifying ---- */

static int begin(const char *what, bool is_bundle, struct ledger_report **ret, struct err *err) {
    *ret = report_new(what, is_bundle);
    return *ret == NULL ? err_set(err, ERR_NOMEM, "no memory for the report") : 0;
}

/* The caller owns the report, or it is freed. */
static int end(int rc, struct ledger_report *report, struct ledger_report **ret, const struct err *err,
               struct ledger_error *error) {
    if (rc == 0) {
        *ret = report;
    } else {
        ledger_report_free(report);
    }
    return facade_end(rc, err, error);
}

int ledger_verify(struct ledger *ledger, const struct ledger_verify_options *options, struct ledger_report **ret,
                  struct ledger_error *error) {
    struct err err = {0};
    struct ledger_report *report = NULL;
    struct ledger_verify_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_verify_options, LEDGER_VERIFY_OPTIONS_INIT, &err);
    const struct log_verify_options verify = {.trust = inside(o.trust),
                                              .derived = o.derived != 0,
                                              .since_verified = o.since_verified != 0,
                                              .threads = o.threads,
                                              .stop = o.stop,
                                              .progress = o.progress,
                                              .progress_ctx = o.progress_ctx};
    if (rc == 0) rc = begin(log_dir(ledger), false, &report, &err);
    if (rc == 0) rc = log_verify(ledger, &verify, &report->found.log, &err);
    if (rc == 0 && o.derived) rc = check_derived(ledger, o.stop, NULL, &report->found.log, &err);
    return end(rc, report, ret, &err, error);
}

int ledger_verify_isolated(const char *dir, const struct ledger_verify_options *options, struct ledger_report **ret,
                           struct ledger_error *error) {
    struct err err = {0};
    struct ledger_report *report = NULL;
    struct ledger_verify_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_verify_options, LEDGER_VERIFY_OPTIONS_INIT, &err);
    const struct isolate_options isolate = {.dir = dir,
                                            .trust = inside(o.trust),
                                            .derived = o.derived != 0,
                                            .since_verified = o.since_verified != 0,
                                            .threads = o.threads,
                                            .wait_ns = o.wait_ns,
                                            .stop = o.stop,
                                            .progress = o.progress,
                                            .progress_ctx = o.progress_ctx};
    if (rc == 0) rc = facade_given(dir, "directory", &err);
    if (rc == 0) rc = begin(dir, false, &report, &err);
    if (rc == 0) rc = isolate_verify(&isolate, &report->found.log, NULL, &err);
    return end(rc, report, ret, &err, error);
}

int ledger_verify_proof(struct ledger_bytes note, struct ledger_bytes leaf, struct ledger_bytes payload,
                        const struct ledger_trust *trust, struct ledger_report **ret, struct ledger_error *error) {
    struct err err = {0};
    struct ledger_report *report = NULL;
    struct bytes given = {payload.n == 0 ? NULL : payload.p, payload.n};
    int rc = begin("a proof", false, &report, &err);
    if (rc == 0)
        rc = log_verify_proof(facade_bytes(note), facade_bytes(leaf), given, inside(trust), &report->found.log, &err);
    return end(rc, report, ret, &err, error);
}

/* ---- bundles ---- */

static int private_of(void *ctx, struct buf *out, struct err *err) {
    int rc = buf_put_bytes(out, *(const struct bytes *)ctx);
    return rc == 0 ? 0 : buf_check(out, "private fields", err);
}

static int each(void *ctx, const struct log_event *event, struct bytes private_, struct err *err) {
    const struct ledger_verify_bundle_options *o = ctx;
    const struct ledger_event one = {event, private_of, &private_};
    return o->each(o->each_ctx, &one) == 0 ? 0 : err_set(err, ERR_BUSY, "ended by its caller");
}

int ledger_verify_bundle(int fd, const struct ledger_verify_bundle_options *options, struct ledger_report **ret,
                         struct ledger_error *error) {
    struct err err = {0};
    struct ledger_report *report = NULL;
    struct ledger_verify_bundle_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_verify_bundle_options, LEDGER_VERIFY_BUNDLE_OPTIONS_INIT, &err);
    struct export_verify_options verify = {.trust = inside(o.trust),
                                           .each = o.each == NULL ? NULL : each,
                                           .ctx = &o,
                                           .stop = o.stop,
                                           .progress = o.progress,
                                           .progress_ctx = o.progress_ctx};
    if (rc == 0) rc = begin("a bundle", true, &report, &err);
    verify.question = rc == 0 ? &report->question : NULL;
    if (rc == 0) rc = export_verify(fd, &verify, &report->found, &err);
    return end(rc, report, ret, &err, error);
}
