/* Arbitrary bytes as an export of the journal, in pieces whose size the first byte says: entries with bounded fields, or a message. */
#include <stdlib.h>

#include "ingest/journal/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

struct seen_all {
    struct journal_reading reading;
    size_t size;
};

static int on_entry(void *ctx, const struct journal_entry *entry, const char *wrong, struct err *err) {
    struct seen_all *s = ctx;
    struct journal_fault fault;
    (void)err;
    want(wrong == NULL || wrong[0] != '\0');
    want(entry->offset <= s->size && entry->line <= s->size + 1);
    for (size_t i = 0; i < JOURNAL_FIELDS; i++) {
        want(entry->fields[i].n <= JOURNAL_VALUE_MAX + JOURNAL_NAME_MAX + 2);
    }
    if (journal_kernel(&s->reading, entry, &fault)) want(fault.what[0] != '\0' && fault.code >= -1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seen_all *s = calloc(1, sizeof(*s));
    struct journal_parser p;
    struct err err = {0};
    size_t piece = size > 0 ? data[0] + 1U : 1;
    int rc = 0;
    want(s != NULL);
    s->size = size;
    journal_parser_init(&p, on_entry, s);
    for (size_t at = 0; at < size && rc == 0; at += piece) {
        rc = journal_push(&p, (struct bytes){data + at, size - at < piece ? size - at : piece}, &err);
    }
    want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
    if (rc == 0) want(journal_push_end(&p, &err) == 0);
    journal_parser_done(&p);
    free(s);
    return 0;
}
