/* The states are asked once, then the files are read; the same question is asked again in the commit that begins the run. */
#include "packs/run/gate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "packs/depot/depot.h"
#include "packs/life/facts.h"
#include "packs/life/peers.h"
#include "packs/life/program.h"
#include "projections/decide/resolve.h"
#include "projections/decide/route.h"
#include "projections/ready/pack.h"
#include "projections/ready/routes.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define LIST_MAX     ((size_t)512 << 10)
#define REASON_SHOWN 300

struct asking {
    struct gate *gate;
    const struct run_options *options;
    struct decision *decision;
    bool regained; /* a required route is proven as it is now, whatever its newest decision found */
    uint32_t held;
    struct buf items;
};

static void rest_on(struct gate *gate, int64_t seq) {
    bool there = seq < 0 || gate->n_evidence == GATE_EVIDENCE_MAX;
    for (size_t i = 0; i < gate->n_evidence; i++) {
        there = there || gate->evidence[i] == (uint64_t)seq;
    }
    if (!there) gate->evidence[gate->n_evidence++] = (uint64_t)seq;
}

static int take(void *ctx, const struct resolved_item *item, struct err *err) {
    struct asking *a = ctx;
    const char *session = a->options->session;
    struct mp_map map;
    if (item->is != RESOLVED_HELD && item->is != RESOLVED_EXPIRING) return 0;
    if (item->session.n > 0 && (session == NULL || !bytes_is(item->session, session))) return 0;
    mp_map_init(&map, LIST_MAX);
    mp_map_text(&map, "group", item->group);
    mp_map_text(&map, "scope", item->scope);
    mp_map_text(&map, "tier", item->tier);
    mp_map_bool(&map, "required", item->required);
    int rc = mp_map_write(&map, &a->items, err);
    a->held += rc == 0;
    rest_on(a->gate, item->seq);
    mp_map_done(&map);
    return rc;
}

static int take_checks(struct gate *gate, struct state_view *view, struct err *err) {
    struct bytes name = row_text(&gate->row, PACK_NAME);
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    int rc = look_rows(view, "pack_checks", &name, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (row_has(row, CHECK_SEQ)) rest_on(gate, row_int(row, CHECK_SEQ));
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* As many findings of a reason as there is room for; they are separated by semicolons. */
static struct bytes first_findings(struct bytes reason, bool *ret_cut) {
    *ret_cut = reason.n > REASON_SHOWN;
    while (*ret_cut && reason.n > 1 && (reason.n > REASON_SHOWN || reason.p[reason.n] != ';')) {
        reason.n--;
    }
    return reason;
}

/* The words of a state that does not run, with what is behind it. */
static void judge_state(const struct asking *a, struct decision *ret) {
    const struct row *row = &a->gate->row;
    bool cut;
    struct bytes name = row_text(row, PACK_NAME), state = row_text(row, PACK_STATE),
                 reason = first_findings(row_text(row, PACK_REASON), &cut);
    bool demo_only = bytes_is(state, "demo-only"), blocked = bytes_is(state, "blocked");
    bool runs = installed_is(row) && !bytes_is(state, "parked") && !bytes_is(state, "removed") &&
                !bytes_is(state, "incomplete") && (a->options->demo || !((demo_only && !a->regained) || blocked));
    if (runs) return;
    decide_cite_row(ret, row);
    decide_no(ret, "pack '%.*s' is %.*s%s%.*s%s%s", (int)name.n, (const char *)name.p, (int)state.n, (const char *)state.p,
              reason.n > 0 ? ": " : "", (int)reason.n, (const char *)reason.p, cut ? "; and more" : "",
              demo_only ? "; --demo runs what nobody proved" : "");
}

/* Is the route proven with the program that is there now? */
static int look_again(struct asking *a, struct state_view *view, struct bytes name, const char *dir, struct err *err) {
    struct program program;
    struct route_choice choice;
    struct row row;
    char route[256], digest[sizeof("sha256:") + 2 * HASH_LEN] = "sha256:";
    int rc = look_stored(view, "routes", &name, 1, &row, NULL, err);
    (void)snprintf(route, sizeof(route), "%.*s", REASON_PART(name, sizeof(route) - 1));
    if (rc == 0 && routes_is_tool(&row) && program_find(row_text(&row, ROUTE_PROGRAM), dir, &program, NULL) == 0) {
        text_hex(digest + 7, program.digest, HASH_LEN);
        const struct route_measured measured = {route, digest, NULL, NULL};
        const struct route_asked asked = {.route = name, .measured = &measured, .n_measured = 1};
        rc = decide_route(view, &asked, &choice, err);
        a->regained = a->regained || (rc == 0 && choice.candidate[0].bar == ROUTE_FREE);
    }
    row_done(&row);
    return rc;
}

/* A route's newest decision may have found another program; what is there now decides, as it does for a decision. */
static int look_at_programs(struct asking *a, struct state_view *view, struct err *err) {
    uint8_t digest[HASH_LEN];
    char dir[FILE_PATH_MAX];
    struct list list;
    struct bytes item, name;
    int rc = 0;
    a->regained = false;
    if (!row_is(&a->gate->row, PACK_STATE, "demo-only") || !installed_digest(&a->gate->row, digest)) return 0;
    rc = depot_path(log_dir(a->options->ledger), digest, dir, err);
    list_open(&list, row_list(&a->gate->row, PACK_ROUTES));
    while (rc == 0 && !a->regained && list_next(&list, &item)) {
        bool required = true;
        list_bool(item, "required", &required);
        if (required && list_name(item, "name", &name)) rc = look_again(a, view, name, dir, err);
    }
    return rc;
}

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct asking *a = ctx;
    const struct bytes name = bytes_of(a->options->pack);
    struct resolve_options resolve = {0};
    struct decision held;
    struct buf who = {.max = 256};
    bool there = false;
    a->held = 0;
    a->gate->n_evidence = 0;
    buf_clear(&a->items);
    decide_begin(a->decision);
    row_done(&a->gate->row);
    int rc = look_judged(view, "packs", &name, 1, &a->gate->row, &there, err);
    if (rc == 0 && !there) rc = err_set(err, ERR_NOTFOUND, "there is no pack '%.100s'", a->options->pack);
    if (rc == 0) rc = look_at_programs(a, view, err);
    if (rc == 0) judge_state(a, a->decision);
    buf_printf(&who, "pack/%.200s", a->options->pack);
    if (rc == 0 && a->decision->yes) rc = decide_resolve(view, bytes_of_buf(&who), &resolve, take, a, &held, err);
    if (rc == 0 && a->decision->yes) rc = take_checks(a->gate, view, err);
    if (rc == 0 && a->decision->yes && !held.yes && !a->options->demo) *a->decision = held;
    buf_done(&who);
    return rc;
}

/* They are held before they are read, so that what was compared is what runs. What cannot be held is not what was installed, or
 * is not there: the comparison says which. */
static int open_files(struct gate *gate, const char *ledger_dir, struct decision *ret, struct err *err) {
    uint8_t digest[HASH_LEN];
    struct err why = {0}, held = {0};
    int rc = 0;
    if (installed_digest(&gate->row, digest)) {
        rc = depot_path(ledger_dir, digest, gate->dir, err);
        if (rc != 0) return rc;
        (void)depot_hold(gate->dir, &gate->files, &held);
        if (gate->files >= 0) rc = pin_take(gate->dir, &gate->pin, err);
        if (rc != 0) return rc;
    }
    rc = installed_open(ledger_dir, &gate->row, NULL, &gate->manifest, &why);
    if (rc == ERR_CONFLICT || rc == ERR_NOTFOUND) {
        decide_cite(ret, gate->installed);
        decide_no(ret, "%.500s", why.msg);
        return 0;
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    return gate->files >= 0 ? 0 : err_set(err, held.code, "%s", held.msg);
}

/* ---- the machine ------------------------------------------------------------------------------------------------------ */

struct machine {
    const struct gate *gate;
    const struct run_options *options;
    struct buf lacks, unsure; /* a line each */
};

static int ask_machine(void *ctx, struct state_view *view, struct err *err) {
    struct machine *m = ctx;
    const struct manifest_pack *pack = &m->gate->manifest->pack;
    struct facts facts;
    buf_clear(&m->lacks);
    buf_clear(&m->unsure);
    int rc = facts_read(view, pack, m->gate->dir, m->options->dpkg_dir, &facts, err);
    if (rc == 0) rc = peers_lack(pack, &facts.resolve, &m->lacks, &m->unsure, err);
    facts_done(&facts);
    return rc;
}

/* As the plan of the installation has it, now. What is not known does not refuse. */
static int judge_machine(const struct gate *gate, const struct run_options *options, struct decision *ret,
                         struct err *err) {
    const struct manifest_pack *pack = &gate->manifest->pack;
    struct machine m = {gate, options, {.max = (size_t)1 << 20}, {.max = (size_t)1 << 20}};
    struct state_options how;
    if (options->demo || (pack->requires == NULL && pack->conflicts == NULL && pack->hardware == NULL)) return 0;
    state_options_init(&how);
    how.no_write = true;
    int rc = state_ask(options->ledger, &how, ask_machine, &m, err);
    if (rc == 0 && m.lacks.n > 0) {
        const uint8_t *lf = memchr(m.lacks.p, '\n', m.lacks.n);
        int n = (int)(lf - m.lacks.p);
        decide_cite(ret, gate->installed);
        decide_no(ret, "pack %.*s%s", n < 400 ? n : 400, (const char *)m.lacks.p,
                  (size_t)n + 1 < m.lacks.n ? ", and more that is not there" : "");
    }
    buf_done(&m.lacks);
    buf_done(&m.unsure);
    return rc;
}

int gate_ask(struct gate *gate, const struct run_options *options, struct decision *ret, struct err *err) {
    struct asking a = {.gate = gate, .options = options, .decision = ret, .items = {.max = LIST_MAX}};
    struct state_options how;
    memset(gate, 0, sizeof(*gate));
    gate->files = -1;
    buf_init(&gate->permissions, LIST_MAX + 16);
    int rc = state_options_present(options->ledger, &how, err);
    how.no_write = true;
    if (rc == 0) rc = state_ask(options->ledger, &how, ask, &a, err);
    if (rc == 0) {
        gate->installed = (uint64_t)row_int(&gate->row, PACK_VERSION_SEQ);
        mp_put_array(&gate->permissions, a.held);
        buf_put_bytes(&gate->permissions, bytes_of_buf(&a.items));
        rc = buf_check(&gate->permissions, "the permissions", err);
    }
    if (rc == 0 && ret->yes) rc = open_files(gate, log_dir(options->ledger), ret, err);
    if (rc == 0 && ret->yes) rc = judge_machine(gate, options, ret, err);
    buf_done(&a.items);
    return rc;
}

int gate_again(const struct gate *gate, struct err *err) {
    char words[PIN_WORDS] = "its files cannot be looked at";
    struct bytes name = row_text(&gate->row, PACK_NAME);
    struct pin *now = NULL;
    bool same = pin_take(gate->dir, &now, NULL) == 0 && !pin_differs(gate->pin, now, words);
    pin_free(now);
    return same ? 0
                : err_set(err, ERR_TAMPERED, "pack '%.*s' changed while it ran: %s, after event %llu installed it",
                          (int)name.n, (const char *)name.p, words, (unsigned long long)gate->installed);
}

void gate_done(struct gate *gate) {
    pin_free(gate->pin);
    if (gate->files >= 0) close(gate->files);
    row_done(&gate->row);
    manifest_free(gate->manifest);
    buf_done(&gate->permissions);
}
