/* Recording: record DIRECTORY makes a ledger there and appends to it, one event and a batch. */
#include <ledger/record.h>
#include <stdio.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_create_options create = LEDGER_CREATE_OPTIONS_INIT;
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger *ledger = NULL;
    struct ledger_batch *batch = NULL;
    struct ledger_receipt receipt, receipts[3];
    create.origin = "example.org/box-2";
    if (argc != 2) return 2;
    int rc = ledger_create(argv[1], &create, &error);
    rc = rc != 0 ? rc : ledger_open(argv[1], NULL, &ledger, &error);

    /* One event in one call. `words` becomes private: an x. kind says itself what is open. */
    rc = rc != 0 ? rc
                 : ledger_append_json(ledger, "x.acme.greeting", "host/here", "user:me", "greeting-1", "{\"words\": 2}",
                                      &receipt, &error);
    if (rc == 0) {
        printf("event %llu is sealed\n", (unsigned long long)receipt.seq);
    }

    /* The same key again writes nothing. */
    rc = rc != 0 ? rc
                 : ledger_append_json(ledger, "x.acme.greeting", "host/here", "user:me", "greeting-1", "{\"words\": 2}",
                                      &receipt, &error);
    if (rc == 0) {
        printf("event %llu was there\n", (unsigned long long)receipt.seq);
    }

    /* Several events, all or none. */
    rc = rc != 0 ? rc : ledger_batch_new(ledger, &batch, &error);
    draft.kind = "x.acme.note";
    draft.subject = "host/here";
    draft.json = "{\"model\": \"m1\", \"n\": 7}";
    draft.json_private = "{\"prompt\": \"what is true?\"}";
    draft.json_open = "[\"model\", \"n\"]";
    draft.run = "r-1";
    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = ledger_batch_add(batch, &draft, &error);
    }
    rc = rc != 0 ? rc : ledger_batch_commit(batch, receipts, &error);
    if (rc == 0) {
        printf("events %llu to %llu are sealed\n", (unsigned long long)receipts[0].seq,
               (unsigned long long)receipts[2].seq);
    }

    /* What is wrong is said, and nothing is written. */
    draft.kind = "run.strated";
    if (rc == 0 && ledger_append(ledger, &draft, NULL, &error) == LEDGER_ERR_NOTFOUND) {
        printf("refused: %s\n", error.message);
    }
    ledger_batch_free(batch);
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}
