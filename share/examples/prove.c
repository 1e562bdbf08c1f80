/* Proving: prove DIRECTORY SEQ OUT writes OUT.tlog-proof, OUT.leaf and OUT.payload, and prints the log's key. */
#include <ledger/prove.h>
#include <ledger/record.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

static int save(const char *out, const char *suffix, struct ledger_bytes bytes) {
    char path[4096];
    snprintf(path, sizeof(path), "%s.%s", out, suffix);
    FILE *f = fopen(path, "wb");
    int good = f != NULL && fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
    return f != NULL && fclose(f) == 0 && good ? 0 : 1;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_open_options open = LEDGER_OPEN_OPTIONS_INIT;
    struct ledger *ledger = NULL;
    struct ledger_proof *proof = NULL;
    int unsaved = 0;
    open.read_only = 1;
    if (argc != 4) return 2;
    int rc = ledger_open(argv[1], &open, &ledger, &error);
    rc = rc != 0 ? rc : ledger_prove(ledger, strtoull(argv[2], NULL, 10), &proof, &error);
    if (rc == 0) {
        unsaved = save(argv[3], "tlog-proof", ledger_proof_note(proof));
        unsaved += save(argv[3], "leaf", ledger_proof_leaf(proof));
        unsaved += save(argv[3], "payload", ledger_proof_payload(proof));
        printf("%s\n", ledger_vkey(ledger));
    }
    ledger_proof_free(proof);
    ledger_close(ledger);
    return rc != 0 ? failed(&error) : unsaved;
}
