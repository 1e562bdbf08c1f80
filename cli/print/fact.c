/* Each form of a value is spelled once for people and once for JSON, whatever command has it. */
#include "cli/print/fact.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/print/say.h"
#include "ledger/log.h"

#define VALUE_MAX 128 /* of a form other than text */

struct fact fact_text(const char *label, const char *member, const char *text) {
    return (struct fact){.label = label, .member = member, .form = FACT_TEXT, .text = bytes_of(text)};
}

struct fact fact_str(const char *label, const char *member, struct bytes text) {
    return (struct fact){.label = label, .member = member, .form = FACT_TEXT, .text = text};
}

struct fact fact_count(const char *label, const char *member, uint64_t n) {
    return (struct fact){.label = label, .member = member, .form = FACT_COUNT, .n = n};
}

struct fact fact_size(const char *label, const char *member, uint64_t bytes) {
    return (struct fact){.label = label, .member = member, .form = FACT_SIZE, .n = bytes};
}

struct fact fact_hash(const char *label, const char *member, const uint8_t *hash) {
    return (struct fact){.label = label, .member = member, .form = FACT_HASH, .hash = hash};
}

struct fact fact_time(const char *label, const char *member, uint64_t ns) {
    return (struct fact){.label = label, .member = member, .form = FACT_TIME, .n = ns};
}

struct fact fact_said(struct fact fact, const char *said) {
    fact.said = said;
    return fact;
}

/* The value for people, in `room` where it is not a text already. */
static struct bytes words_of(const struct fact *fact, char room[VALUE_MAX]) {
    if (fact->said != NULL) return bytes_of(fact->said);
    room[0] = '\0';
    if (fact->form != FACT_TEXT && fact->form != FACT_HASH && fact->n == UINT64_MAX) return bytes_of(room);
    switch (fact->form) {
    case FACT_TEXT:
        return fact->text;
    case FACT_COUNT:
        snprintf(room, VALUE_MAX, "%llu", (unsigned long long)fact->n);
        break;
    case FACT_SIZE:
        out_size(room, fact->n);
        break;
    case FACT_HASH:
        text_hex(room, fact->hash, LOG_HASH);
        break;
    case FACT_TIME:
        text_time(room, fact->n);
    }
    return bytes_of(room);
}

void fact_lines(struct cli *cli, const struct fact *facts, size_t n, int width) {
    char room[VALUE_MAX];
    for (size_t i = 0; i < n; i++) {
        if (facts[i].label != NULL && (facts[i].said == NULL || facts[i].said[0] != '\0')) {
            out_printf(cli, "%-*s ", width, facts[i].label);
            out_safe(cli, words_of(&facts[i], room));
            out_str(cli, "\n");
        }
    }
}

void fact_put(struct obj *obj, const struct fact *facts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (facts[i].member == NULL) continue;
        switch (facts[i].form) {
        case FACT_TEXT:
            if (facts[i].text.p != NULL) {
                obj_str(obj, facts[i].member, facts[i].text);
            } else {
                obj_text(obj, facts[i].member, NULL);
            }
            break;
        case FACT_COUNT:
        case FACT_SIZE:
            obj_uint(obj, facts[i].member, facts[i].n);
            break;
        case FACT_HASH:
            obj_hex(obj, facts[i].member, facts[i].hash, LOG_HASH);
            break;
        case FACT_TIME:
            if (facts[i].n != UINT64_MAX) {
                obj_time(obj, facts[i].member, facts[i].n);
            } else {
                obj_text(obj, facts[i].member, NULL);
            }
        }
    }
}

int fact_print(struct cli *cli, const struct fact *facts, size_t n, int width, bool line) {
    struct obj obj = {0};
    if (!cli->json) {
        fact_lines(cli, facts, n, width);
        return EXIT_GOOD;
    }
    fact_put(&obj, facts, n);
    return cli_print(cli, &obj, line);
}

/* Counts are to the right. */
static void begin_table(struct fact_table *table, const struct fact *facts, size_t n) {
    size_t columns = 0;
    for (size_t i = 0; i < n && columns < FACT_COLUMNS_MAX; i++) {
        if (facts[i].label != NULL) {
            table->columns[columns++] =
                (struct table_column){facts[i].label, facts[i].form == FACT_COUNT ? TABLE_RIGHT : 0, 0};
        }
    }
    table->table = table_new(table->cli, table->columns, columns);
}

void fact_row(struct fact_table *table, const struct fact *facts, size_t n) {
    char room[VALUE_MAX];
    if (table->cli->json) {
        struct obj one = {0};
        fact_put(&one, facts, n);
        obj_obj(&table->list, NULL, &one);
        return;
    }
    if (table->table == NULL) {
        begin_table(table, facts, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (facts[i].label == NULL) continue;
        if (facts[i].form == FACT_COUNT && facts[i].said == NULL && facts[i].n != UINT64_MAX) {
            table_uint(table->table, facts[i].n);
        } else {
            table_cell(table->table, words_of(&facts[i], room));
        }
    }
}

int fact_end(struct fact_table *table, struct obj *whole, const char *member) {
    int exit_code = table_end(table->table);
    if (table->cli->json && whole != NULL) {
        obj_list(whole, member, &table->list);
        exit_code = cli_print(table->cli, whole, false);
    }
    obj_done(&table->list);
    if (whole != NULL) {
        obj_done(whole);
    }
    return exit_code;
}
