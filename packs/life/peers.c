/* Whether packs fit one another is asked apart from what the machine lacks: the first refuses an installation, the second is
 * reported, since a program or a package may be installed later. What an installed pack lacks before a change is nothing that
 * the change breaks: of installed packs only what holds now must hold then. */
#include "packs/life/peers.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/version.h"
#include "projections/ready/pack.h"
#include "projections/view/look.h"

static int add(struct peers *peers, struct manifest *manifest, enum peer_part part, struct err *err) {
    int rc = peers->n < PEERS_MAX ? 0 : err_set(err, ERR_LIMIT, "more than %d packs are installed", PEERS_MAX);
    if (rc == 0) rc = array_room(&peers->list, peers->n + 1, &peers->cap, sizeof(peers->list[0]), err);
    if (rc == 0) {
        peers->list[peers->n++] = (struct peer){manifest, part};
    }
    return rc;
}

static int read_one(struct peers *peers, const char *ledger_dir, const struct row *row, enum peer_part part,
                    struct err *err) {
    struct manifest *manifest = NULL;
    struct err why = {0};
    int rc = installed_open(ledger_dir, row, NULL, &manifest, &why);
    if (rc == ERR_CONFLICT || rc == ERR_INVALID) {
        if (part == PEER_LEAVES) {
            peers->leaves_unread = true;
            return 0;
        }
        buf_printf(&peers->unread, "%s%s", peers->unread.n > 0 ? "; " : "", why.msg);
        return buf_check(&peers->unread, "packs that cannot be read", err);
    }
    if (rc == ERR_NOTFOUND) return 0; /* recorded by somebody else: nothing is known of what it requires */
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    rc = add(peers, manifest, part, err);
    if (rc != 0) {
        manifest_free(manifest);
    }
    return rc;
}

int peers_read(struct state_view *view, const char *ledger_dir, struct bytes leaves, struct peers *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    ret->unread.max = (size_t)1 << 20;
    ret->leaves = leaves;
    int rc = look_rows(view, "packs", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool is_it = bytes_eq(row_text(row, PACK_NAME), leaves);
        if (installed_is(row)) rc = read_one(ret, ledger_dir, row, is_it ? PEER_LEAVES : PEER_STAYS, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

int peers_propose(struct peers *peers, struct manifest *manifest, struct err *err) {
    return add(peers, manifest, PEER_COMES, err);
}

void peers_done(struct peers *peers) {
    for (size_t i = 0; i < peers->n; i++) {
        if (peers->list[i].part != PEER_COMES) {
            manifest_free(peers->list[i].manifest);
        }
    }
    free(peers->list);
    buf_done(&peers->unread);
    *peers = (struct peers){0};
}

/* ---- together --------------------------------------------------------------------------------------------------------- */

/* Does what is installed before the change have what the need names? */
static bool is_there_before(const struct peers *peers, const struct manifest_need *need) {
    bool there = peers->leaves_unread && bytes_eq(peers->leaves, need->name);
    for (size_t i = 0; !there && i < peers->n; i++) {
        const struct manifest_pack *pack = &peers->list[i].manifest->pack;
        bool called = bytes_eq(pack->name, need->name);
        for (size_t k = 0; !called && k < pack->provides.n; k++) {
            called = bytes_eq(pack->provides.items[k], need->name);
        }
        there = called && peers->list[i].part != PEER_COMES &&
                (need->version.n == 0 || version_in(VERSION_SEMVER, pack->version, need->version));
    }
    return there;
}

/* A pack as if it needed nothing of the machine and, where it stays, nothing that is not there before. */
struct bare {
    struct manifest_pack pack;
    struct manifest_needs requires, conflicts;
    struct manifest_need *held;
};

static int make_bare(const struct peers *peers, const struct peer *peer, struct bare *ret, struct err *err) {
    const struct manifest_pack *of = &peer->manifest->pack;
    ret->pack = *of;
    ret->pack.hardware = NULL;
    if (of->conflicts != NULL) {
        ret->conflicts = (struct manifest_needs){.node = of->conflicts->node, .packs = of->conflicts->packs};
        ret->pack.conflicts = &ret->conflicts;
    }
    if (of->requires == NULL) return 0;
    ret->requires = (struct manifest_needs){.node = of->requires->node, .packs = of->requires->packs};
    ret->pack.requires = &ret->requires;
    if (peer->part == PEER_COMES) return 0;
    ret->held = calloc(of->requires->packs.n + 1, sizeof(ret->held[0]));
    if (ret->held == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    ret->requires.packs.items = ret->held;
    ret->requires.packs.n = 0;
    for (size_t i = 0; i < of->requires->packs.n; i++) {
        if (is_there_before(peers, &of->requires->packs.items[i])) {
            ret->held[ret->requires.packs.n++] = of->requires->packs.items[i];
        }
    }
    return 0;
}

static void say_answer(const struct resolve_question *q, const struct resolve_answer *answer, struct buf *out) {
    for (size_t i = 0; answer->possible && i < answer->n_chosen; i++) {
        const struct manifest_pack *pack = q->candidates[answer->chosen[i]].pack;
        buf_printf(out, "%s%.*s %.*s", i > 0 ? ", " : "", (int)pack->name.n, (const char *)pack->name.p,
                   (int)pack->version.n, (const char *)pack->version.p);
    }
    for (size_t i = 0; !answer->possible && i < answer->n_clashes; i++) {
        buf_put_str(out, i > 0 ? "; " : "");
        rule_say(q, &answer->clashes[i], out);
    }
}

int peers_agree(const struct peers *peers, bool *ret, struct buf *out, struct err *err) {
    struct bare *bare = calloc(peers->n + 1, sizeof(*bare));
    struct resolve_candidate *candidates = calloc(peers->n + 1, sizeof(*candidates));
    struct resolve_want *wants = calloc(peers->n + 1, sizeof(*wants));
    struct resolve_question q = {.candidates = candidates, .wants = wants};
    struct resolve_answer answer = {0};
    int rc = bare != NULL && candidates != NULL && wants != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < peers->n; i++) {
        const struct peer *peer = &peers->list[i];
        if (peer->part == PEER_LEAVES) continue;
        rc = make_bare(peers, peer, &bare[i], err);
        candidates[q.n_candidates++] = (struct resolve_candidate){&bare[i].pack, peer->part == PEER_STAYS};
        if (peer->part == PEER_COMES) {
            wants[q.n_wants++] = (struct resolve_want){.name = bare[i].pack.name, .range = bare[i].pack.version};
        }
    }
    if (rc == 0) rc = resolve(&q, &answer, err);
    if (rc == 0) {
        say_answer(&q, &answer, out);
        *ret = answer.possible;
        rc = buf_check(out, "what clashes", err);
    }
    resolve_done(&answer);
    for (size_t i = 0; bare != NULL && i < peers->n; i++) {
        free(bare[i].held);
    }
    free(wants);
    free(candidates);
    free(bare);
    return rc;
}

int peers_lack(const struct manifest_pack *pack, const struct resolve_facts *facts, struct buf *lacks, struct buf *unsure,
               struct err *err) {
    const struct resolve_candidate candidate = {pack, false};
    const struct resolve_question q = {.candidates = &candidate, .n_candidates = 1, .facts = *facts};
    struct rules rules = {0};
    int rc = rules_make(&q, &rules, err);
    for (size_t i = 0; rc == 0 && i < rules.n; i++) {
        const struct rule *rule = &rules.list[i];
        bool of_machine = rule->kind > RULE_PACK && rule->kind != RULE_NOT_PACK;
        if (of_machine && !rule->holds) {
            struct buf *out = rule->unsure ? unsure : lacks;
            rule_say(&q, rule, out);
            buf_put_u8(out, '\n');
        }
    }
    rules_done(&rules);
    if (rc == 0) rc = buf_check(lacks, "what is missing", err);
    return rc == 0 ? buf_check(unsure, "what is not known", err) : rc;
}
