/* Does whoever uses a permission hold it? Which kinds use one, and who is held to it, is a table; `append --checked` and
 * its help speak of these kinds.
 *
 *   kind              who                                                        what
 *   permission.used   the subject                                                group, scope, tier; without a group
 *                                                                                nothing can be held; with `whole`
 *                                                                                all that the scope covers
 *   run.tool_called   the pack of the run; of a run without one, the newest      group, scope, tier; without a group
 *                     of what was decided for its agent, tool and server,        nothing can be held; the tier
 *                     also the one that its tool's name names                    that policies judge, when it is higher
 *   run.started       the pack, where it says which permissions it has           each of the list `permissions` */
#include <stdio.h>
#include <string.h>

#include "ledger/kinds/scope.h"
#include "projections/decide/decide.h"
#include "projections/decide/step.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define HOLDERS_MAX 3
#define HOLDER_MAX  (ROW_TEXT_MAX + 16)

static struct decide_use use_of(struct bytes map, struct bytes session, struct bytes run) {
    return (struct decide_use){.group = decide_text(map, "group"),
                               .scope = decide_text(map, "scope"),
                               .tier = decide_text(map, "tier"),
                               .session = session,
                               .run = run,
                               .of_session = true};
}

/* What a yes leaves open. */
static void note_tier(const struct decide_use *use, struct decision *ret) {
    if (ret->yes && scope_tier(use->tier) == TIER_UNKNOWN) {
        snprintf(ret->note, sizeof(ret->note), "it names no tier: nothing was compared with the grant's");
    }
}

static int permission_used(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct decide_use use = use_of(event->body, decide_text(event->body, "session"), event->run);
    bool whole = false;
    if (use.group.n == 0) {
        decide_no(ret, "%s", PERMISSIONS_USE_OF_NO_GROUP);
        return 0;
    }
    list_bool(event->body, "whole", &whole);
    use.one = !whole;
    int rc = decide_is_permitted(view, event->subject, &use, ret, err);
    note_tier(&use, ret);
    return rc;
}

/* ---- run.tool_called ---- */

struct holders {
    struct buf text[HOLDERS_MAX];
    struct bytes who[HOLDERS_MAX];
    size_t n;
};

static void add_holder(struct holders *h, const char *family, struct bytes name) {
    if (name.n > 0) {
        buf_put_str(&h->text[h->n], family);
        buf_put_bytes(&h->text[h->n], name);
        h->who[h->n] = bytes_of_buf(&h->text[h->n]);
        h->n++;
    }
}

static struct bytes run_of(const struct log_event *event) {
    struct bytes subject = event->subject;
    bool named = bytes_has_prefix(subject, "run/");
    return named ? (struct bytes){subject.p + 4, subject.n - 4} : event->run;
}

/* The pack of the run that the event belongs to, or of the run that it is about. */
static int add_pack(struct state_view *view, struct bytes run, struct holders *h, struct err *err) {
    struct row row;
    bool there = false;
    int rc = run.n == 0 ? 0 : look_stored(view, "runs", &run, 1, &row, &there, err);
    if (there) {
        add_holder(h, "pack/", named_text(&row, "pack"));
    }
    if (run.n > 0) {
        row_done(&row);
    }
    return rc;
}

/* A refusal rests on the policy when what it judged is more than what the call says of itself. */
static void add_policy(const struct tiers_answer *judged, struct decision *ret) {
    size_t at = bytes_of(ret->reason).n;
    snprintf(ret->reason + at, sizeof(ret->reason) - at, "; it is %s by policy '%.*s', '%.*s'", tiers_word(judged->tier),
             REASON_NAME(bytes_of(judged->policy)), REASON_NAME(bytes_of(judged->rule)));
    if (judged->seq != LOG_NO_SEQ) {
        decide_cite(ret, judged->seq);
    }
}

static int ask_holders(struct state_view *view, const struct log_event *event, const struct holders *h,
                       struct decision *ret, struct err *err) {
    struct decide_use use = use_of(event->body, decide_text(event->body, "session"), run_of(event));
    const struct tool_call call = {decide_text(event->body, "tool"), decide_text(event->body, "server"),
                                   decide_text(event->body, "agent"), use.group};
    struct tiers_answer judged;
    use.one = use.call = true;
    int rc = tiers_judge(view, &call, &judged, err);
    bool raised = rc == 0 && judged.tier > scope_tier(use.tier);
    if (raised) {
        use.tier = bytes_of(tiers_word(judged.tier));
    }
    if (rc != 0) return rc;
    if (use.group.n == 0) {
        decide_no(ret, "the call of '%.*s' names no group: which permission it uses cannot be told",
                  REASON_NAME(decide_text(event->body, "tool")));
    } else if (h->n == 0) {
        decide_no(ret, "the call names neither tool nor agent, and its run has no pack: nobody holds '%.*s'",
                  REASON_NAME(use.group));
    } else {
        rc = decide_is_permitted_any(view, h->who, h->n, &use, ret, err);
        if (rc == 0 && !ret->yes && raised && judged.tier > 0) {
            add_policy(&judged, ret);
        }
        note_tier(&use, ret);
    }
    return rc;
}

static int tool_called(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct holders h = {0};
    for (size_t i = 0; i < HOLDERS_MAX; i++) {
        buf_init(&h.text[i], HOLDER_MAX);
    }
    int rc = add_pack(view, run_of(event), &h, err);
    if (rc == 0 && h.n <= 0 && event->run.n != 0) rc = add_pack(view, event->run, &h, err);
    if (rc == 0 && h.n == 0) {
        add_holder(&h, "agent/", decide_text(event->body, "agent"));
        add_holder(&h, "tool/", decide_text(event->body, "tool"));
        add_holder(&h, "server/", decide_text(event->body, "server"));
    }
    for (size_t i = 0; i < h.n && rc == 0; i++) {
        rc = buf_check(&h.text[i], "a name", err);
    }
    if (rc == 0) rc = ask_holders(view, event, &h, ret, err);
    for (size_t i = 0; i < HOLDERS_MAX; i++) {
        buf_done(&h.text[i]);
    }
    return rc;
}

/* ---- run.started ---- */

static int run_started(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct bytes pack = decide_text(event->body, "pack"), raw = {0}, item;
    struct list list;
    struct buf who = {.max = HOLDER_MAX};
    int rc = 0;
    mp_map_get(event->body, "permissions", &raw);
    list_open(&list, raw);
    buf_put_str(&who, "pack/");
    buf_put_bytes(&who, pack);
    rc = buf_check(&who, "a pack's name", err);
    while (rc == 0 && ret->yes && list_next(&list, &item)) {
        const struct decide_use use = use_of(item, decide_text(event->body, "session"), run_of(event));
        if (pack.n == 0) {
            decide_no(ret, "the run names permissions and no pack that holds them");
        } else {
            rc = decide_is_permitted(view, bytes_of_buf(&who), &use, ret, err);
            note_tier(&use, ret);
        }
    }
    buf_done(&who);
    return rc;
}

static const struct {
    const char *kind;
    int (*judge)(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err);
} uses[] = {
    {"permission.used", permission_used},
    {"run.started", run_started},
    {"run.tool_called", tool_called},
};

bool decide_uses(struct bytes kind) {
    bool is = false;
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        is = is || bytes_is(kind, uses[i].kind);
    }
    return is;
}

int decide_may_use(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    decide_begin(ret);
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        if (bytes_is(event->kind, uses[i].kind)) return uses[i].judge(view, event, ret, err);
    }
    return 0;
}
