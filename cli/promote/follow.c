/* The promotion decides, and route.configured is its effect: a process that was killed between the two leaves a route that strays, which
 * `promote status` shows. */
#include "cli/promote/follow.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "cli/open/open.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"
#include "projections/ready/readiness.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

static void copy(const struct row *row, size_t column, char ret[PROMOTE_TEXT]) {
    struct bytes text = row_text(row, column);
    snprintf(ret, PROMOTE_TEXT, "%.*s", REASON_PART(text, PROMOTE_TEXT - 1));
}

static int look_route(struct state_view *view, struct bytes name, struct follow *ret, struct err *err) {
    struct row route;
    bool there = false;
    int rc = look_stored(view, "routes", &name, 1, &route, &there, err);
    if (rc == 0 && there && row_has(&route, ROUTE_DECLARED_SEQ) && !row_is(&route, ROUTE_STEP, "removed") &&
        !row_has(&route, ROUTE_PACK)) {
        copy(&route, ROUTE_NAME, ret->route);
        copy(&route, ROUTE_CONFIG_DIGEST, ret->declared);
    }
    row_done(&route);
    return rc;
}

int follow_look(struct state_view *view, const struct row *promotion, struct follow *ret, struct err *err) {
    struct promotions_live live;
    struct bytes digest = row_text(promotion, PROMOTIONS_DIGEST);
    memset(ret, 0, sizeof(*ret));
    if (!row_is(promotion, PROMOTIONS_WHAT, "route") || promotions_is_under_way(promotion)) return 0;
    int rc = promotions_find_live(view, promotion, &live, err);
    bool its = bytes_is(row_text(promotion, PROMOTIONS_PROMOTION), live.by) ||
               (row_is(promotion, PROMOTIONS_STATE, "promoted") && bytes_is(digest, live.digest));
    if (rc != 0 || !live.known || !its) return rc;
    rc = look_route(view, row_text(promotion, PROMOTIONS_ROUTE), ret, err);
    snprintf(ret->live, sizeof(ret->live), "%s", live.digest);
    ret->strays = rc == 0 && ret->route[0] != '\0' && strcmp(ret->declared, ret->live) != 0;
    return rc;
}

struct asking {
    struct bytes id;
    struct follow *ret;
};

static int ask_promotion(void *ctx, struct state_view *view, struct err *err) {
    struct asking *a = ctx;
    struct row row;
    bool there = false;
    memset(a->ret, 0, sizeof(*a->ret));
    int rc = look_stored(view, "promotions", &a->id, 1, &row, &there, err);
    if (rc == 0 && there) rc = follow_look(view, &row, a->ret, err);
    row_done(&row);
    return rc;
}

static int ask_route(void *ctx, struct state_view *view, struct err *err) {
    struct asking *a = ctx;
    memset(a->ret, 0, sizeof(*a->ret));
    return look_route(view, a->id, a->ret, err);
}

static int ask(struct ledger *ledger, int (*fn)(void *ctx, struct state_view *view, struct err *err), const char *id,
               struct follow *ret, struct err *err) {
    struct asking a = {bytes_of(id), ret};
    struct state_options options;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    return rc == 0 ? state_ask(ledger, &options, fn, &a, err) : rc;
}

int follow_declared(struct ledger *ledger, const char *of, char ret[PROMOTE_TEXT], struct err *err) {
    struct follow f = {0};
    int rc = strncmp(of, "route/", 6) == 0 ? ask(ledger, ask_route, of + 6, &f, err) : 0;
    snprintf(ret, PROMOTE_TEXT, "%s", f.declared);
    return rc;
}

void follow_say(const struct follow *follow, char *ret, size_t size, struct buf *remedy) {
    snprintf(ret, size,
             "drift: route '%.120s' is declared with %.19s, and %.19s is live by the log: somebody else changed it",
             follow->route, follow->declared[0] != '\0' ? follow->declared : "no configuration", follow->live);
    buf_put_str(remedy, "ledger route declare ");
    readiness_put_word(remedy, bytes_of(follow->route));
    buf_put_str(remedy, " --config-digest ");
    readiness_put_word(remedy, bytes_of(follow->live));
}

static int configure(struct ledger *ledger, const struct follow *f, const char *actor, struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX};
    char subject[PROMOTE_TEXT + 16], note[CHECKED_NOTE_MAX];
    struct log_draft draft;
    struct log_receipt receipt;
    struct log_head head = {0};
    bool before = f->declared[0] != '\0';
    snprintf(subject, sizeof(subject), "route/%s", f->route);
    mp_put_map(&body, 1 + before);
    mp_pair_text(&body, "config_digest", f->live);
    if (before) {
        mp_pair_text(&body, "digest_before", f->declared);
    }
    log_draft_init(&draft);
    draft.kind = bytes_of("route.configured");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(actor);
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("declared");
    draft.body = bytes_of_buf(&body);
    int rc = buf_check(&body, "the configuration", err);
    if (rc == 0) rc = checked_append(ledger, &draft, &receipt, &head, note, err);
    buf_done(&body);
    return rc;
}

int follow_now(struct cli *cli, const char *id, const char *actor) {
    struct ledger *ledger = NULL;
    struct follow f = {0};
    struct err err = {0};
    char room[CLI_ACTOR_MAX];
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = ask(ledger, ask_promotion, id + (strncmp(id, "promotion/", 10) == 0 ? 10 : 0), &f, &err);
    if (rc == 0 && f.strays) rc = configure(ledger, &f, cli_actor(actor, room), &err);
    log_close(ledger);
    if (rc == 0 && f.strays) {
        cli_note(cli, "ledger: %s: route '%s' is configured with %s now", cli->command, f.route, f.live);
    } else if (rc == 0 && f.live[0] != '\0' && f.route[0] == '\0') {
        cli_note(cli, "ledger: %s: no route of that name is declared, or a pack declares it: nothing was configured",
                 cli->command);
    }
    if (rc != 0) err_prefix(&err, "the step is recorded, and the route is not configured");
    return rc == 0 ? EXIT_GOOD : rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_NO) : cli_fail(cli, &err);
}
