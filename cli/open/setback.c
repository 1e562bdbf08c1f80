/* A ledger that was set back looks like a good one: every hash matches. Only what is known outside the database shows it. That
 * is read before the snapshot it is compared with: others may append meanwhile, and a snapshot older than what is known would
 * look like a database that was set back. */
#include "cli/open/setback.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/open/trustfile.h"
#include "cli/print/say.h"
#include "ledger/core/headfile.h"

#define COPY_WORDS  "the copy of the head beside the database"
#define TRUST_WORDS "the trust file"

/* A copy of the head that is older than the ledger is harmless; but if the database was exchanged, it is also in another
 * file. */
static const char *how_it_came(struct ledger *ledger) {
    enum log_place place = LOG_PLACE_UNKNOWN;
    if (log_place(ledger, &place, NULL) != 0) {
        place = LOG_PLACE_UNKNOWN;
    }
    return place == LOG_PLACE_COPY     ? "this is an older copy, or the database was set back"
           : place == LOG_PLACE_BACKUP ? "this is an older backup, or the database was set back"
                                       : "the database was set back or cut";
}

/* False: no contradiction. */
static bool head_contradicts(struct core_view *view, const char *who, uint64_t size, const uint8_t known[MERKLE_HASH],
                             struct err *ret) {
    uint8_t root[MERKLE_HASH];
    unsigned long long here = view->head.size;
    if (size > view->head.size) {
        err_set(ret, ERR_ROLLBACK, "%s knows %llu event%s of '%s', but there are only %llu here: %s", who,
                (unsigned long long)size, text_s(size), view->ledger->origin, here, how_it_came(view->ledger));
        return true;
    }
    merkle_edge_root(&view->head.edge, root);
    if (size == view->head.size && memcmp(root, known, MERKLE_HASH) != 0) {
        err_set(ret, ERR_ROLLBACK, "the %llu event%s of '%s' %s %s knows: another history", here, text_s(here),
                view->ledger->origin, text_differs(here), who);
        return true;
    }
    return false;
}

static bool trust_contradicts(struct core_view *view, const struct policy_known *known, struct err *ret) {
    if (known->has_genesis && memcmp(known->genesis.leaf, view->ledger->genesis, MERKLE_HASH) != 0) {
        err_set(ret, ERR_ROLLBACK, "the first event of '%s' is not the one that " TRUST_WORDS " knows: another ledger",
                view->ledger->origin);
        return true;
    }
    return known->has_head && head_contradicts(view, TRUST_WORDS, known->head.size, known->head.root, ret);
}

static bool copy_contradicts(struct core_view *view, const struct headfile *copy, struct err *ret) {
    if (strcmp(copy->origin, view->ledger->origin) != 0) {
        err_set(ret, ERR_ROLLBACK, COPY_WORDS " is of '%s', the database of '%s'", copy->origin, view->ledger->origin);
        return true;
    }
    return head_contradicts(view, COPY_WORDS, copy->size, copy->root, ret);
}

static void look_at_trust(const struct ledger *ledger, struct policy_known *ret) {
    char path[FILE_PATH_MAX];
    if (trustfile_path(path, NULL) == 0) {
        trustfile_look(path, bytes_of(ledger->origin), ret);
    }
}

void setback_warn(const struct cli *cli, struct ledger *ledger, bool trust) {
    struct headfile copy;
    struct policy_known known = {0};
    struct core_view view;
    struct err what = {0};
    bool has_copy = headfile_read(ledger->dir, &copy, NULL) == 0;
    if (trust) {
        look_at_trust(ledger, &known);
    }
    if ((!has_copy && !known.has_head && !known.has_genesis) || core_view_begin(ledger, &view, NULL) != 0) {
        return;
    }
    bool contradicted = trust_contradicts(&view, &known, &what) || (has_copy && copy_contradicts(&view, &copy, &what));
    core_view_end(&view);
    if (contradicted) {
        cli_warn(cli, &what);
    }
}

int setback_refuse(struct ledger *ledger, struct err *err) {
    struct policy_known known = {0};
    struct core_view view;
    struct err what = {0};
    look_at_trust(ledger, &known);
    if (!known.has_head && !known.has_genesis) return 0;
    int rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    if (trust_contradicts(&view, &known, &what)) {
        rc = err_set(err, ERR_ROLLBACK,
                     "%s. Nothing is signed here. Put the newer one back; or 'ledger backup' of this one and 'ledger "
                     "restore', which continues under a new origin; or, if you know that this is the one to trust, "
                     "'ledger trust add --replace'",
                     what.msg);
    }
    core_view_end(&view);
    return rc;
}
