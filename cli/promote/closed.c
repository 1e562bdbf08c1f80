/* Read from the event that recorded them. */
#include "cli/promote/closed.h"

#include "base/mp.h"
#include "cli/print/out.h"
#include "cli/print/say.h"
#include "evals/gate/help.h"
#include "evals/gate/policy.h"
#include "projections/ready/promotions.h"
#include "projections/rows/list.h"

typedef void closed_fn(void *ctx, struct bytes gate, struct bytes value, struct bytes why);

static int each(struct ledger *ledger, const struct row *row, closed_fn *fn, void *ctx, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct bytes raw = {0}, item;
    struct list list;
    if (!promotions_is_under_way(row) || !row_has(row, PROMOTIONS_GATE_SEQ) || row_is(row, PROMOTIONS_GATE, "pass"))
        return 0;
    uint64_t seq = (uint64_t)row_int(row, PROMOTIONS_GATE_SEQ);
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0 && mp_map_get(event.body, "reasons", &raw) == 0) {
        list_open(&list, raw);
        while (list_next(&list, &item)) {
            struct bytes gate = {0}, state = {0}, value = {0}, why = {0};
            if (!list_text(item, "gate", &gate) || !list_text(item, "state", &state) || bytes_is(state, "open")) continue;
            (void)list_text(item, "value", &value);
            (void)list_text(item, "reason", &why);
            fn(ctx, gate, value, why);
        }
    }
    log_reader_close(reader);
    return rc < 0 ? rc : 0;
}

static void put_name(void *ctx, struct bytes gate, struct bytes value, struct bytes why) {
    struct buf *out = ctx;
    (void)value;
    (void)why;
    buf_put_str(out, out->n > 0 ? ", " : "");
    buf_put_bytes(out, gate);
}

int closed_names(struct ledger *ledger, const struct row *row, struct buf *out, struct err *err) {
    return each(ledger, row, put_name, out, err);
}

struct nexting {
    const struct row *row;
    struct buf *out;
};

static void put_next(void *ctx, struct bytes gate, struct bytes value, struct bytes why) {
    struct nexting *n = ctx;
    if (n->out->n > 0) return;
    if (bytes_is(gate, gate_names[GATE_EVALUATION])) {
        buf_put_str(n->out, "ledger eval run ");
        promotions_put_evaluate(n->row, n->out);
    } else {
        gate_help(gate, value, why, n->row, n->out);
    }
    struct bytes help = bytes_of_buf(n->out);
    if (help.n == 0 || bytes_has_prefix(help, "ledger promote abort ") || bytes_has_prefix(help, "ledger promote verify "))
        return;
    buf_put_str(n->out, " && ledger promote verify ");
    readiness_put_word(n->out, row_text(n->row, PROMOTIONS_PROMOTION));
}

int closed_next(struct ledger *ledger, const struct row *row, struct buf *out, struct err *err) {
    struct nexting n = {row, out};
    return each(ledger, row, put_next, &n, err);
}

void closed_print_one(struct cli *cli, const struct row *row, struct bytes gate, struct bytes value, struct bytes why) {
    struct buf help = {.max = 4 * ROW_TEXT_MAX}, command = {.max = 16384};
    gate_help(gate, value, why, row, &help);
    cli_command(cli, bytes_of_buf(&help), &command);
    out_printf(cli, "  gate '%.*s' is closed%s%.*s\n%s%.*s%s", (int)gate.n, (const char *)gate.p, why.n > 0 ? ": " : "",
               (int)why.n, why.n > 0 ? (const char *)why.p : "", command.n > 0 ? "      " : "", (int)command.n,
               command.n > 0 ? (const char *)command.p : "", command.n > 0 ? "\n" : "");
    buf_done(&help);
    buf_done(&command);
}

void closed_print_found(struct cli *cli, const struct row *row, struct bytes gate) {
    static const struct {
        enum gate_id gate;
        const char *rule;
    } of[] = {{GATE_EVALUATION, "promotion.proof"},
              {GATE_EVALUATION, "promotion.failed"},
              {GATE_EVALUATION, "promotion.named-suites"},
              {GATE_EVALUATION, "promotion.named-evals"},
              {GATE_DEBATE, "promotion.debate"}};
    struct list list;
    struct bytes item, rule, remedy;
    struct buf command = {.max = 16384};
    list_open(&list, row_list(row, PROMOTIONS_MISSING));
    while (list_next(&list, &item)) {
        bool its = false;
        if (!list_text(item, "rule", &rule) || !list_text(item, "remedy", &remedy)) continue;
        for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
            its = its || (bytes_is(gate, gate_names[of[i].gate]) && bytes_is(rule, of[i].rule));
        }
        if (!its) continue;
        buf_clear(&command);
        cli_command(cli, remedy, &command);
        out_printf(cli, "      %.*s\n", (int)command.n, (const char *)command.p);
    }
    buf_done(&command);
}

struct printing {
    struct cli *cli;
    const struct row *row;
};

static void print_one(void *ctx, struct bytes gate, struct bytes value, struct bytes why) {
    struct printing *p = ctx;
    closed_print_one(p->cli, p->row, gate, value, why);
}

int closed_print(struct cli *cli, struct ledger *ledger, const struct row *row, struct err *err) {
    struct printing p = {cli, row};
    return each(ledger, row, print_one, &p, err);
}
