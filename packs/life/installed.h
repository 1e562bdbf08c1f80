/* An installed pack: its row, and its files. */
#ifndef PACKS_LIFE_INSTALLED_H
#define PACKS_LIFE_INSTALLED_H

#include "packs/depot/depot.h"
#include "packs/manifest/load.h"
#include "projections/view/state.h"

/* Installed or parked, as far as events say. */
bool installed_is(const struct row *row);
/* Whether the row has an installation or upgrade that did not end. */
bool installed_is_planned(const struct row *row);
/* Its tree digest; false: the installing event has none, so its files are not in the store. */
bool installed_digest(const struct row *row, uint8_t ret[HASH_LEN]);
/* The same with its pack.sig, as far as the event says. */
bool installed_want(const struct row *row, struct compare_want *ret);

/* Reads every byte of an installed pack and compares it with the tree digest of the event that installed it. The manifest is of
 * the bytes that were compared. ERR_CONFLICT: "pack 'p' was installed as sha256:... by event 41, now sha256:...". ERR_NOTFOUND:
 * it has no files in the store. Either output may be NULL; free with content_free and manifest_free. */
int installed_open(const char *ledger_dir, const struct row *row, struct content **ret_tree, struct manifest **ret,
                   struct err *err);

/* For state_options.pack_files: `ctx` is a struct installed_look. */
struct installed_look {
    const char *ledger_dir;
    enum compare_depth depth;
};
bool installed_files(void *ctx, const struct row *pack, char ret[STATE_FILES_WORDS]);

/* What a look at the files finds. */
struct installed_found {
    const char *status;             /* "ok", "missing", "mismatch", or "error": they cannot be read. Static */
    char digest[DEPOT_DIGEST_TEXT]; /* of the files as they are; empty: it could not be computed, or says nothing */
    char words[COMPARE_WORDS];      /* of a mismatch or an error */
};
/* Looks as deep as is due (compare_due). False: the pack has no files in the store, so there is nothing to look at. */
bool installed_look_at(const char *ledger_dir, const struct row *row, uint64_t now, struct installed_found *ret);

#endif
