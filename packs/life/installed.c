/* What is compared is what is used: the manifest is parsed from the bytes that went into the digest. */
#include "packs/life/installed.h"

#include <stdio.h>
#include <string.h>

#include "projections/ready/pack.h"

bool installed_is(const struct row *row) {
    return row_has(row, PACK_STEP) && !row_is(row, PACK_STEP, "removed");
}

bool installed_is_planned(const struct row *row) {
    return row_has(row, PACK_PLANNED_SEQ);
}

bool installed_digest(const struct row *row, uint8_t ret[HASH_LEN]) {
    struct bytes text = row_text(row, PACK_TREE_DIGEST);
    return text.n > 0 && depot_digest_parse(text, ret, NULL) == 0;
}

bool installed_want(const struct row *row, struct compare_want *ret) {
    *ret = (struct compare_want){.signed_by = COMPARE_ANY};
    if (!installed_digest(row, ret->tree)) return false;
    if (row_is(row, PACK_SIGNATURE, "absent")) {
        ret->signed_by = COMPARE_NONE;
    } else if (depot_digest_parse(row_text(row, PACK_SIGNATURE_DIGEST), ret->signature, NULL) == 0) {
        ret->signed_by = COMPARE_THIS;
    }
    return true;
}

bool installed_files(void *ctx, const struct row *pack, char ret[STATE_FILES_WORDS]) {
    const struct installed_look *look = ctx;
    char path[FILE_PATH_MAX], now[COMPARE_WORDS];
    struct compare_want want;
    struct bytes digest = row_text(pack, PACK_TREE_DIGEST);
    long long seq = (long long)row_int(pack, PACK_VERSION_SEQ);
    if (!installed_want(pack, &want) || depot_path(look->ledger_dir, want.tree, path, NULL) != 0) {
        snprintf(ret, STATE_FILES_WORDS, "its tree digest cannot be read (event %lld)", seq);
        return true;
    }
    if (compare_copy(path, &want, look->depth, now)) {
        if (look->depth == COMPARE_BYTES) {
            compare_note(path);
        }
        return false;
    }
    snprintf(ret, STATE_FILES_WORDS, "installed as %.*s by event %lld, now %.90s", (int)digest.n, (const char *)digest.p,
             seq, now);
    return true;
}

bool installed_look_at(const char *ledger_dir, const struct row *row, uint64_t now, struct installed_found *ret) {
    char path[FILE_PATH_MAX];
    struct compare_want want;
    *ret = (struct installed_found){.status = "ok"};
    if (!installed_is(row) || !row_has(row, PACK_TREE_DIGEST)) return false;
    if (!installed_want(row, &want) || depot_path(ledger_dir, want.tree, path, NULL) != 0) {
        ret->status = "error";
        snprintf(ret->words, sizeof(ret->words), "its tree digest cannot be read");
        return true;
    }
    enum compare_depth depth = compare_due(path, now);
    if (compare_copy(path, &want, depth, ret->words)) {
        ret->words[0] = '\0';
        depot_digest_text(ret->digest, want.tree);
        if (depth == COMPARE_BYTES) {
            compare_note(path);
        }
        return true;
    }
    struct bytes now_is = bytes_of(ret->words);
    ret->status = bytes_is(now_is, "missing")                  ? "missing"
                  : bytes_has_prefix(now_is, "not readable: ") ? "error"
                                                               : "mismatch";
    if (bytes_has_prefix(now_is, "sha256:")) {
        snprintf(ret->digest, sizeof(ret->digest), "%.71s", ret->words);
    }
    return true;
}

static void put_fault(void *ctx, const char *path, const char *what) {
    struct buf *faults = ctx;
    if (faults->n == 0) {
        buf_printf(faults, "%s %s", path, what);
    }
}

static int differs(const struct row *row, const char *now, struct err *err) {
    struct bytes name = row_text(row, PACK_NAME), digest = row_text(row, PACK_TREE_DIGEST);
    return err_set(err, ERR_CONFLICT,
                   "pack '%.*s' was installed as %.*s by event %lld, now %s; 'ledger pack install DIR' with the files that "
                   "were installed puts them back",
                   (int)name.n, (const char *)name.p, (int)digest.n, (const char *)digest.p,
                   (long long)row_int(row, PACK_VERSION_SEQ), now);
}

/* The tree, if it has this digest. */
static int read_tree(const char *path, const struct row *row, const struct compare_want *want, struct content **ret,
                     struct err *err) {
    char now[COMPARE_WORDS];
    struct buf faults = {.max = 4096};
    struct err why = {0};
    int rc = content_read(path, NULL, put_fault, &faults, ret, &why);
    if (rc == ERR_INVALID && faults.n > 0) {
        buf_put_u8(&faults, '\0');
        rc = differs(row, faults.fail == 0 ? (const char *)faults.p : "not a pack", err);
    } else if (rc == ERR_NOTFOUND) {
        rc = differs(row, "missing", err);
    } else if (rc != 0) {
        rc = err_set(err, rc, "%s", why.msg);
    } else if (!compare_tree(*ret, want, now)) {
        rc = differs(row, now, err);
    }
    buf_done(&faults);
    return rc;
}

int installed_open(const char *ledger_dir, const struct row *row, struct content **ret_tree, struct manifest **ret,
                   struct err *err) {
    char path[FILE_PATH_MAX];
    struct compare_want want;
    struct bytes name = row_text(row, PACK_NAME);
    struct finding_list found = {0};
    struct content *tree = NULL;
    struct manifest *manifest = NULL;
    if (!installed_is(row) || !installed_want(row, &want)) {
        return err_set(err, ERR_NOTFOUND, "pack '%.*s' has no files in this ledger", (int)name.n, (const char *)name.p);
    }
    int rc = depot_path(ledger_dir, want.tree, path, err);
    if (rc == 0) rc = read_tree(path, row, &want, &tree, err);
    if (rc == 0 && ret != NULL) rc = manifest_load(tree, &found, &manifest, err);
    if (rc == 0 && ret != NULL) {
        *ret = manifest;
        manifest = NULL;
    }
    if (rc == 0 && ret_tree != NULL) {
        *ret_tree = tree;
        tree = NULL;
    }
    manifest_free(manifest);
    content_free(tree);
    finding_done(&found);
    return rc;
}
