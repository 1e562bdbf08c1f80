/* What a stranger's program does with the installed library: only its public header, only what pkg-config says.
 *
 *   use DIRECTORY
 *
 * Makes a ledger there, appends one event and verifies it. The shared library exports nothing but log_*, so a buf is
 * made by its initializer and freed by free. */
#include <ledger/log.h>
#include <stdio.h>
#include <stdlib.h>

static struct bytes text(const char *s) {
    struct bytes b = {(const uint8_t *)s, 0};
    while (s[b.n] != '\0') {
        b.n++;
    }
    return b;
}

static int record(struct ledger *ledger, struct err *err) {
    struct buf body = {.max = 1000}, checkpoint = {.max = 10000};
    struct log_draft draft;
    struct log_receipt receipt;
    struct log_head head;
    static struct log_report report;
    struct log_verify_options nothing_trusted = {0};
    log_draft_init(&draft);
    draft.kind = text("x.example.greeting");
    draft.subject = text("host/here");
    draft.actor = text("user:builder");
    draft.source = text("api");
    draft.grade = text("declared");
    int rc = log_json_to_body(text("{\"count\": 1}"), &body, err);
    if (rc == 0) {
        draft.body = (struct bytes){body.p, body.n};
        rc = log_append(ledger, &draft, &receipt, &head, err);
    }
    if (rc == 0) {
        rc = log_checkpoint(ledger, &checkpoint, err);
    }
    if (rc == 0) {
        rc = log_verify(ledger, &nothing_trusted, &report, err);
    }
    if (rc == 0 && (head.size != receipt.seq + 1 || checkpoint.n == 0 || report.verdict != LOG_NOT_ANCHORED)) {
        fprintf(stderr, "seq %llu in a ledger of %llu, verdict %d\n", (unsigned long long)receipt.seq,
                (unsigned long long)head.size, (int)report.verdict);
        rc = -1;
    }
    free(body.p);
    free(checkpoint.p);
    return rc;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: use DIRECTORY\n");
        return 2;
    }
    struct err err = {0};
    struct ledger *ledger = NULL;
    struct log_create_options options = {.origin = "example.org/installed", .actor = "user:builder"};
    int rc = log_create(argv[1], &options, &err);
    if (rc == 0) {
        rc = log_open(argv[1], NULL, &ledger, &err);
    }
    if (rc == 0) {
        rc = record(ledger, &err);
    }
    log_close(ledger);
    if (rc != 0) {
        fprintf(stderr, "%s\n", err.msg);
    }
    return rc == 0 ? 0 : 1;
}
