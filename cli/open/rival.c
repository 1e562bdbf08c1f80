/* Notes are kept byte for byte, with all signatures: a signed note is evidence only as a whole. */
#include "cli/open/rival.h"

#include <string.h>

#include "base/obj.h"
#include "base/text.h"
#include "cli/print/out.h"

/* ---- finding ---- */

int rival_compare(struct core_view *view, uint64_t size, const uint8_t root[LOG_HASH], struct rival *ret, struct err *err) {
    struct merkle_edge edge;
    ret->size = size;
    memcpy(ret->root, root, LOG_HASH);
    if (size > view->head.size) {
        ret->stand = RIVAL_AHEAD;
        return 0;
    }
    int rc = merkle_edge_load(&edge, size, core_node, view, err);
    if (rc != 0) return rc;
    merkle_edge_root(&edge, ret->root_here);
    ret->stand = memcmp(ret->root_here, root, LOG_HASH) == 0 ? RIVAL_FITS : RIVAL_FORK;
    return ret->stand == RIVAL_FITS || size == 0
               ? 0
               : merkle_prove_consistency(size, view->head.size, core_node, view, &ret->proof, err);
}

void rivals_add(struct rivals *rivals, const struct rival *rival, struct bytes note, uint64_t size) {
    if (rivals->n < RIVALS_MAX && note.n < sizeof(rivals->note)) {
        rivals->rival[rivals->n++] = *rival;
        rivals->size = size;
        bytes_copy(rivals->note, note);
        rivals->note_n = note.n;
        rivals->note[note.n] = '\0';
    }
}

/* Is it "example.org/box", or the origin of a ledger restored from it? */
static bool of_this_origin(const struct ledger *ledger, const char *origin) {
    size_t n = strlen(origin);
    const char *mine = log_origin(ledger);
    return strncmp(mine, origin, n) == 0 && (mine[n] == '\0' || strncmp(mine + n, "/r", 2) == 0);
}

static void add_known(struct core_view *view, struct bytes note, bool is_head, size_t at, uint64_t size,
                      const uint8_t root[LOG_HASH], struct rivals *ret) {
    struct rival rival = {.is_head = is_head, .at = at};
    if (rival_compare(view, size, root, &rival, NULL) == 0 && rival.stand != RIVAL_FITS) {
        rivals_add(ret, &rival, note, view->head.size);
    }
}

void rivals_find(struct ledger *ledger, const struct log_trust *trust, struct rivals *ret) {
    struct core_view view = {0};
    struct bytes note;
    ret->n = 0;
    if (trust == NULL || core_view_begin(ledger, &view, NULL) != 0) return;
    if (core_checkpoint_get(view.txn, &note, NULL) == 0) {
        for (size_t i = 0; i < trust->n_checkpoints; i++) {
            const struct trust_checkpoint *known = trust->checkpoint[i];
            if (note_check_key(&known->parsed, &ledger->log, NULL) == NOTE_GOOD) {
                add_known(&view, note, false, i, known->point.size, known->point.root, ret);
            }
        }
        for (size_t i = 0; i < policy_heads(trust->policy); i++) {
            const struct policy_head *head = policy_head_at(trust->policy, i);
            if (of_this_origin(ledger, head->origin)) {
                add_known(&view, note, true, i, head->size, head->root, ret);
            }
        }
    }
    core_view_end(&view);
}

/* ---- showing ---- */

static void say_known(struct cli *cli, const struct rival *rival, const struct log_trust *trust) {
    char root[2 * LOG_HASH + 1];
    if (rival->is_head) {
        text_hex(root, rival->root, LOG_HASH);
        out_printf(cli, "--- known: the trust file has size %llu, root %s (not signed)\n", (unsigned long long)rival->size,
                   root);
        return;
    }
    out_str(cli, "--- known: the checkpoint '");
    out_safe(cli, bytes_of(trust->checkpoint[rival->at]->path));
    out_str(cli, "'\n");
    out_safe_lines(cli, bytes_of_buf(&trust->checkpoint[rival->at]->note), "");
}

static const char *stand_words(const struct rival *rival, const struct rivals *rivals) {
    if (rival->stand == RIVAL_AHEAD) {
        return rival->is_head ? "it knew more events than there are here"
                              : "both are signed; the one that was known is of a larger tree: this is an older state";
    }
    if (rival->is_head) return "the first events are others than those that were known";
    return rival->size == rivals->size ? "both are signed, of one size, with different roots: two histories"
                                       : "both are signed, and the smaller tree is not the beginning of the larger one: "
                                         "two histories";
}

static void say_fork(struct cli *cli, const struct rival *rival, const struct rivals *rivals) {
    struct buf lines = {.max = 1 << 14};
    if (rival->stand != RIVAL_FORK || rival->size == rivals->size || rival->size == 0) return;
    merkle_hash_encode(&lines, rival->root_here);
    out_printf(cli, "--- the first %llu event%s here have this root\n", (unsigned long long)rival->size,
               text_s(rival->size));
    out_bytes(cli, bytes_of_buf(&lines));
    buf_clear(&lines);
    for (size_t i = 0; i < rival->proof.n; i++) {
        merkle_hash_encode(&lines, rival->proof.hash[i]);
    }
    out_printf(cli, "--- the consistency proof (RFC 6962) from it to size %llu\n", (unsigned long long)rivals->size);
    out_bytes(cli, bytes_of_buf(&lines));
    buf_done(&lines);
}

void rivals_print(struct cli *cli, const struct rivals *rivals, const struct log_trust *trust) {
    for (size_t i = 0; i < rivals->n; i++) {
        const struct rival *rival = &rivals->rival[i];
        out_printf(cli, "%sevidence to keep: %s\n", i == 0 ? "\n" : "", stand_words(rival, rivals));
        say_known(cli, rival, trust);
        if (i + 1 == rivals->n || rival->stand == RIVAL_FORK) {
            out_str(cli, "--- here: the newest checkpoint\n");
            out_safe_lines(cli, (struct bytes){(const uint8_t *)rivals->note, rivals->note_n}, "");
        }
        say_fork(cli, rival, rivals);
    }
}

static void put_hash(struct obj *obj, const char *key, const uint8_t hash[LOG_HASH]) {
    struct buf text = {.max = 128};
    text_base64(&text, hash, LOG_HASH);
    obj_str(obj, key, bytes_of_buf(&text));
    buf_done(&text);
}

void rivals_put(struct obj *obj, const struct rivals *rivals, const struct log_trust *trust) {
    struct obj list = {0};
    if (rivals->n == 0) return;
    for (size_t i = 0; i < rivals->n; i++) {
        const struct rival *rival = &rivals->rival[i];
        struct obj one = {0}, proof = {0};
        obj_text(&one, "stand", rival->stand == RIVAL_AHEAD ? "ahead" : "fork");
        obj_text(&one, "known", rival->is_head ? "trust file" : trust->checkpoint[rival->at]->path);
        obj_uint(&one, "size", rival->size);
        obj_hex(&one, "root", rival->root, LOG_HASH);
        if (!rival->is_head) {
            obj_str(&one, "known_note", bytes_of_buf(&trust->checkpoint[rival->at]->note));
        }
        obj_str(&one, "note", (struct bytes){(const uint8_t *)rivals->note, rivals->note_n});
        if (rival->stand == RIVAL_FORK) {
            obj_hex(&one, "root_here", rival->root_here, LOG_HASH);
            for (size_t h = 0; h < rival->proof.n; h++) {
                put_hash(&proof, NULL, rival->proof.hash[h]);
            }
            obj_list(&one, "consistency", &proof);
        } else {
            obj_done(&proof);
        }
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "evidence", &list);
}
