/* Clauses about what the box holds: the files of a pack, by what a probe saw of them, and the permissions that somebody granted,
 * by the log alone. */
#include "projections/verdict/held.h"

#include <stdio.h>
#include <string.h>

#include "projections/decide/resolve.h"
#include "projections/permissions/row.h"
#include "projections/verdict/probed.h"
#include "projections/view/look.h"

#define FILES_DAYS  7  /* that a look at them counts for */
#define SOON_DAYS   7  /* in which a grant ends */
#define UNUSED_DAYS 30 /* that a grant may wait for its first use */
#define DAY_NS      (UINT64_C(86400) * 1000000000)

static struct bytes when(char room[VERDICT_WHEN], int64_t at) {
    verdict_when(room, at);
    return bytes_of(room);
}

/* ---- the files of a pack ---- */

static const struct {
    const char *status;
    enum verdict_state state;
    enum message_key says, says_digest;
} files_says[] = {
    {"ok", VERDICT_PASS, MESSAGE_FILES_OK, MESSAGE_FILES_OK},
    {"missing", VERDICT_FAIL, MESSAGE_FILES_MISSING, MESSAGE_FILES_MISSING},
    {"mismatch", VERDICT_FAIL, MESSAGE_FILES_CHANGED, MESSAGE_FILES_CHANGED_TO},
    {"error", VERDICT_UNKNOWN, MESSAGE_FILES_UNREADABLE, MESSAGE_FILES_UNREADABLE},
};

/* What the look says of the files that are installed now: not of those of an earlier version. */
static bool is_of_these(const struct verdict_case *c, const struct row *check) {
    if (named_is(check, "status", "ok")) {
        return bytes_eq(named_text(check, "digest"), named_text(c->installed, "tree_digest"));
    }
    return named_int(check, "updated_seq") > named_int(c->installed, "version_seq");
}

static void take_files(struct verdict_case *c, const struct row *check) {
    static const struct verdict_help back = {MESSAGE_FIRST_FILES, "ledger doctor --pack {pack}"};
    char room[VERDICT_WHEN];
    struct bytes digest = named_text(check, "digest"), status = named_text(check, "status");
    if (!verdict_of_late(c, named_int(check, "at"), FILES_DAYS)) {
        verdict_found(
            c, VERDICT_UNKNOWN, check, c->pack,
            SAY_WITH(FILES_OLD, message_name("time", when(room, named_int(check, "at"))), message_name("status", status)));
    } else if (!is_of_these(c, check)) {
        verdict_found(c, VERDICT_UNKNOWN, check, c->pack, SAY(FILES_EARLIER));
    }
    for (size_t i = 0; c->found == 0 && i < sizeof(files_says) / sizeof(files_says[0]); i++) {
        if (!bytes_is(status, files_says[i].status)) continue;
        verdict_found(
            c, files_says[i].state, check, c->pack,
            SAY_KEY(digest.n > 0 ? files_says[i].says_digest : files_says[i].says, message_name("digest", digest)));
        c->help = files_says[i].state == VERDICT_FAIL ? &back : NULL;
    }
    if (c->found == 0) {
        verdict_found(c, VERDICT_UNKNOWN, check, c->pack, SAY_WITH(FILES_SAID, message_name("status", status)));
    }
}

int verdict_pack_files(struct verdict_case *c, struct err *err) {
    const struct bytes key[] = {bytes_of(VERDICT_PACK_FILES), c->pack};
    struct row check;
    bool there = false;
    if (c->installed == NULL || !named_has(c->installed, "tree_digest")) {
        verdict_leave_out(c, SAY(NO_FILES));
        return 0;
    }
    int rc = verdict_look(c, "checks", key, 2, &check, &there, err);
    if (rc == 0 && there) {
        take_files(c, &check);
    } else if (rc == 0) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, c->pack, SAY(FILES_UNSEEN));
    }
    if (rc == 0) {
        reason_cite_cell(&c->reason, c->installed, named_column(c->installed, "version_seq"), SIZE_MAX);
        verdict_passes(c, SAY(FILES_OK));
    }
    row_done(&check);
    return rc < 0 ? rc : 0;
}

/* ---- what somebody granted ---- */

struct holding {
    struct verdict_case *c;
    struct bytes who;
    int64_t listed_seq; /* of a pack: the event whose list says what it asks for; -1: none */
    struct buf group;   /* of what is to be revoked because it is more than is asked for; empty: nothing is */
    struct buf again;   /* the commands that grant anew what is asked for of that group */
};

struct holding_says {
    enum message_key of_scope, of_all, first;
    const char *command; /* up to the scope */
    bool tier;           /* the command states it */
    const char *end;
};

/* "WHO GROUP SCOPE --tier TIER": what follows `ledger permit grant`, or with fewer words `revoke`. */
static void put_held(struct buf *out, struct bytes who, const struct resolved_item *item, bool tier, const char *end) {
    bool dashed = item->scope.n > 0 && item->scope.p[0] == '-';
    readiness_put_word(out, who);
    buf_put_u8(out, ' ');
    readiness_put_word(out, item->group);
    if (item->scope.n > 0 && !dashed) {
        buf_put_u8(out, ' ');
        readiness_put_word(out, item->scope);
    }
    if (tier) {
        buf_put_str(out, " --tier ");
        readiness_put_word(out, item->tier.n > 0 ? item->tier : bytes_of("TIER"));
    }
    buf_put_str(out, end);
    if (dashed) {
        buf_put_str(out, " -- ");
        readiness_put_word(out, item->scope);
    }
}

/* The command is made here: its words are of the finding, of which a help knows only one. */
static void put_command(struct holding *h, const struct holding_says *says, const struct resolved_item *item) {
    struct verdict_case *c = h->c;
    struct buf out = {.max = sizeof(c->command) - 1};
    buf_printf(&out, "ledger permit %s ", says->command);
    put_held(&out, h->who, item, says->tier, says->end);
    snprintf(c->command, sizeof(c->command), "%.*s", out.fail == 0 ? (int)out.n : 0, out.n > 0 ? (const char *)out.p : "");
    buf_done(&out);
    if (item->is == RESOLVED_WIDER) {
        buf_put_bytes(&h->group, item->group);
    }
}

/* What is revoked takes with it what it covers: that which is asked for is granted anew. */
static int grant_again(void *ctx, const struct resolved_item *item, struct err *err) {
    struct holding *h = ctx;
    (void)err;
    if ((item->is == RESOLVED_HELD || item->is == RESOLVED_EXPIRING) && bytes_eq(item->group, bytes_of_buf(&h->group))) {
        buf_put_str(&h->again, " && ledger permit grant ");
        put_held(&h->again, h->who, item, true, "");
    }
    return 0;
}

static void say_held(struct holding *h, const struct holding_says *says, const struct resolved_item *item, int64_t at,
                     bool of_list) {
    struct verdict_case *c = h->c;
    char room[VERDICT_WHEN];
    verdict_found(c, VERDICT_WARN, NULL, h->who,
                  SAY_KEY(item->scope.n > 0 ? says->of_scope : says->of_all, message_name("holder", h->who),
                          message_name("group", item->group), message_name("scope", item->scope),
                          message_name("time", when(room, at)), message_words("asked", bytes_of(item->why))));
    if (item->seq >= 0) {
        reason_cite(&c->reason, (uint64_t)item->seq, 0);
    }
    if (of_list && h->listed_seq >= 0) {
        reason_cite(&c->reason, (uint64_t)h->listed_seq, 0);
    }
    if (verdict_leads(c, VERDICT_WARN)) {
        c->own_help = (struct verdict_help){says->first, NULL};
        c->help = &c->own_help;
        put_command(h, says, item);
    }
}

/* Has the grant that the answer names ended? *ret_at: when. */
static int has_ended(struct holding *h, const struct resolved_item *item, bool *ret, int64_t *ret_at, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = item->seq >= 0 ? look_rows(h->c->view, "permissions", &h->who, 1, &rows, err) : 0;
    *ret = false;
    while (rc == 0 && rows != NULL && !*ret && (rc = look_next(rows, &row, err)) == 0) {
        *ret = row_has(row, PERMISSIONS_DECIDED_SEQ) && row_int(row, PERMISSIONS_DECIDED_SEQ) == item->seq &&
               row_is(row, PERMISSIONS_DECISION, "granted") && row_has(row, PERMISSIONS_EXPIRES) &&
               permissions_has_ended(row, state_now(h->c->view));
        *ret_at = *ret ? row_int(row, PERMISSIONS_EXPIRES) : *ret_at;
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int take_item(void *ctx, const struct resolved_item *item, struct err *err) {
    static const struct holding_says ends = {MESSAGE_PERMIT_ENDS, MESSAGE_PERMIT_ENDS_ALL, MESSAGE_NONE, "grant", true,
                                             " --until TIME"};
    static const struct holding_says ended = {
        MESSAGE_PERMIT_ENDED, MESSAGE_PERMIT_ENDED_ALL, MESSAGE_NONE, "grant", true, ""};
    static const struct holding_says wider = {
        MESSAGE_PERMIT_WIDER, MESSAGE_PERMIT_WIDER_ALL, MESSAGE_NONE, "revoke", false, ""};
    static const struct holding_says unused = {
        MESSAGE_PERMIT_UNUSED, MESSAGE_PERMIT_UNUSED_ALL, MESSAGE_NONE, "revoke", false, ""};
    struct holding *h = ctx;
    bool over = false;
    int64_t at = -1;
    int rc = item->is == RESOLVED_MISSING && item->required ? has_ended(h, item, &over, &at, err) : 0;
    if (item->is == RESOLVED_EXPIRING) {
        say_held(h, &ends, item, item->expires, false);
    } else if (over) {
        say_held(h, &ended, item, at, true);
    } else if (item->is == RESOLVED_WIDER) {
        say_held(h, &wider, item, -1, true);
    } else if (item->is == RESOLVED_UNUSED && !verdict_of_late(h->c, item->since, UNUSED_DAYS)) {
        say_held(h, &unused, item, item->since, false);
    } else if (item->is == RESOLVED_HELD) {
        verdict_found(h->c, VERDICT_PASS, NULL, h->who, SAY(NONE));
    }
    return rc;
}

/* The event whose list of a pack is in force. */
static int find_list(struct verdict_case *c, struct holding *h, struct err *err) {
    const struct bytes pack = {h->who.p + 5, h->who.n > 5 ? h->who.n - 5 : 0};
    struct row row;
    bool there = false;
    h->listed_seq = -1;
    if (!bytes_has_prefix(h->who, "pack/") || pack.n == 0) return 0;
    int rc = look_stored(c->view, "packs", &pack, 1, &row, &there, err);
    if (rc == 0 && there && named_has(&row, "version_seq")) {
        h->listed_seq = named_int(&row, "version_seq");
    }
    row_done(&row);
    return rc;
}

static int take_holder(struct verdict_case *c, struct bytes who, struct err *err) {
    const struct resolve_options options = {.within_ns = SOON_DAYS * DAY_NS};
    struct holding h = {.c = c, .who = who, .group = {.max = ROW_TEXT_MAX}, .again = {.max = VERDICT_COMMAND_MAX}};
    struct decision decision;
    decide_begin(&decision);
    int rc = find_list(c, &h, err);
    if (rc == 0) rc = decide_resolve(c->view, who, &options, take_item, &h, &decision, err);
    if (rc == 0 && h.group.n > 0) rc = decide_resolve(c->view, who, &options, grant_again, &h, &decision, err);
    size_t n = strlen(c->command);
    if (rc == 0 && h.again.fail == 0 && h.again.n > 0 && n + h.again.n < sizeof(c->command)) {
        memcpy(c->command + n, h.again.p, h.again.n);
        c->command[n + h.again.n] = '\0';
    }
    buf_done(&h.group);
    buf_done(&h.again);
    return rc;
}

/* Holders, once each: their rows follow one another. Those that nobody granted anything only ask. */
int verdict_permissions(struct verdict_case *c, struct err *err) {
    struct state_rows *rows = NULL;
    struct buf who = {.max = ROW_TEXT_MAX}, granted = {.max = ROW_TEXT_MAX};
    const struct row *row;
    size_t holders = 0;
    int rc = look_rows(c->view, "permissions", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes now = row_text(row, PERMISSIONS_WHO);
        if (now.n > 0 && row_is(row, PERMISSIONS_DECISION, "granted") && !bytes_eq(now, bytes_of_buf(&granted))) {
            holders++;
            buf_clear(&granted);
            buf_put_bytes(&granted, now);
        }
        if (now.n == 0 || bytes_eq(now, bytes_of_buf(&who))) continue;
        buf_clear(&who);
        buf_put_bytes(&who, now);
        rc = take_holder(c, bytes_of_buf(&who), err);
    }
    bool kept = rows != NULL;
    state_rows_close(rows);
    buf_done(&who);
    buf_done(&granted);
    if (rc >= 0 && !kept) {
        verdict_found(c, VERDICT_UNKNOWN, NULL, bytes_of(""),
                      SAY_WITH(NOT_KEPT, message_name("table", bytes_of("permissions"))));
    } else if (rc >= 0 && holders == 0 && c->state == VERDICT_PASS) {
        verdict_leave_out(c, SAY(NO_PERMISSIONS));
    }
    verdict_passes(c, SAY_WITH(PERMITS_WELL, message_int("n", (int64_t)holders)));
    return rc < 0 ? rc : 0;
}
