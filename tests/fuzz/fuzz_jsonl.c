/* Arbitrary bytes as a line of JSON Lines: refused with a message, or an event whose maps are canonical. */
#include <stdlib.h>

#include "base/mp.h"
#include "ingest/jsonl/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jsonl_parser parser;
    struct jsonl_event e;
    struct err err = {0};
    jsonl_parser_init(&parser);
    int rc = jsonl_parse(&parser, (struct bytes){data, size}, &e, &err);
    if (rc == 0) {
        want(e.kind.n > 0 && e.subject.n > 0);
        want(e.body.n == 0 || mp_check(e.body, NULL) == 0);
        want(e.private_.n == 0 || mp_check(e.private_, NULL) == 0);
        want(e.open.n == 0 || mp_check(e.open, NULL) == 0);
        want(e.at == INGEST_NO_TIME || e.at <= MP_INT_MAX);
    } else {
        want(rc == err.code && err.msg[0] != '\0');
    }
    jsonl_parser_done(&parser);
    return 0;
}
