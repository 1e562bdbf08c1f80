/* Reading: read DIRECTORY shows the events of the ledger there. */
#include <ledger/read.h>
#include <ledger/record.h>
#include <stdio.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

int main(int argc, char **argv) {
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger_open_options open = LEDGER_OPEN_OPTIONS_INIT;
    struct ledger *ledger = NULL;
    struct ledger_reader *reader = NULL;
    struct ledger_head head = {0, 0, {0}};
    const struct ledger_event *event;
    char *json = NULL;
    open.read_only = 1;
    if (argc != 2) return 2;
    int rc = ledger_open(argv[1], &open, &ledger, &error);
    rc = rc != 0 ? rc : ledger_get_head(ledger, &head, &error);
    rc = rc != 0 ? rc : ledger_reader_open(ledger, 0, head.events, &reader, &error);
    while (rc == 0 && (rc = ledger_reader_next(reader, &event, &error)) == 0) {
        struct ledger_bytes kind = ledger_event_part(event, LEDGER_PART_KIND);
        struct ledger_value model;
        rc = ledger_event_field(event, "model", &model, &error);
        printf("%llu %.*s", (unsigned long long)ledger_event_seq(event), (int)kind.n, (const char *)kind.p);
        if (rc == 0 && model.type == LEDGER_TEXT) {
            printf(" model=%.*s", (int)model.text.n, (const char *)model.text.p);
        }
        printf("\n");
    }
    rc = rc == LEDGER_END ? 0 : rc;

    /* The newest one whole, with its private fields. */
    rc = rc != 0 ? rc : ledger_read_json(ledger, head.events - 1, LEDGER_JSON_PRIVATE, &json, NULL, &error);
    if (rc == 0) {
        printf("%s\n", json);
    }
    ledger_free(json);
    ledger_reader_close(reader);
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}
