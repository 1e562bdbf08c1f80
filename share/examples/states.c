/* States: states DIRECTORY grants a pack a permission, and shows what holds then, and by which events. */
#include <ledger/record.h>
#include <ledger/states.h>
#include <stdio.h>

static int failed(const struct ledger_error *error) {
    fprintf(stderr, "%s: %s\n", ledger_error_name(error->code), error->message);
    return 1;
}

static int show_rows(struct ledger_states *states, size_t table, struct ledger_error *error) {
    struct ledger_state_rows *rows = NULL;
    const struct ledger_state_row *row;
    int rc = ledger_state_rows_open(states, table, &rows, error);
    while (rc == 0 && (rc = ledger_state_rows_next(rows, &row, error)) == 0) {
        uint64_t seq[4];
        size_t n = ledger_state_row_evidence(row, seq, 4);
        char *json = NULL;
        rc = ledger_state_row_json(row, 0, &json, NULL, error);
        if (rc == 0) {
            printf("by %zu events, the first is %llu: %s\n", n, n > 0 ? (unsigned long long)seq[0] : 0, json);
        }
        ledger_free(json);
    }
    ledger_state_rows_close(rows);
    return rc == LEDGER_END ? 0 : rc;
}

int main(int argc, char **argv) {
    static const char grant[] = "{\"group\": \"filesystem.read\", \"scope\": \"inbox/**\", \"tier\": \"T0\"}";
    struct ledger_error error = LEDGER_ERROR_INIT;
    struct ledger *ledger = NULL;
    struct ledger_states *states = NULL;
    const char *const key[] = {"pdf-ops"};
    char *json = NULL;
    if (argc != 2) return 2;
    int rc = ledger_open(argv[1], NULL, &ledger, &error);
    rc = rc != 0 ? rc : ledger_append_json(ledger, "permission.granted", "pack/pdf-ops", NULL, NULL, grant, NULL, &error);
    rc = rc != 0 ? rc : ledger_states_open(ledger, NULL, &states, &error);
    rc = rc != 0 ? rc : ledger_states_whole(states, &error);
    rc = rc != 0 ? rc : show_rows(states, ledger_states_table_find(states, "permissions"), &error);

    /* One row by its key. A pack that no event is about has none. */
    rc = rc != 0 ? rc
                 : ledger_states_get_json(states, ledger_states_table_find(states, "pack"), key, 1, LEDGER_JSON_PRETTY,
                                          &json, NULL, &error);
    if (rc == 0) {
        printf("%s\n", json);
    } else if (rc == LEDGER_ERR_NOTFOUND) {
        printf("%s\n", error.message);
        rc = 0;
    }
    ledger_free(json);
    ledger_states_close(states);
    ledger_close(ledger);
    return rc == 0 ? 0 : failed(&error);
}
