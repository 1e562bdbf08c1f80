/* The fold of models. Each event is first parsed into a claim (which runtime, which name, which manifest, which weights),
 * then applied to the rows it is about:
 *
 *   name + manifest  weights?      model_manifests says which weights the manifest has, if somebody ever said it
 *   name             moved?        it led elsewhere before: counted, the digest before is kept, both models cite the event
 *   weights                        what is told of them is taken over; what only their name was told stays with the name
 *
 * The loaded model need not be what its name leads to: a server may still hold the weights from before the tag moved. So
 * model.loaded does not move a name that already leads somewhere. A remote name leads to no weights at all. */
#include "projections/ready/models.h"

#include <string.h>

#define NOTHING ((struct bytes){0})

static const struct state_column model_columns[] = {
    [MODEL_DIGEST] =
        {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
         "digest of its weights, or of a manifest whose weights are not known; without either, its name, which "
         "tables show as '-'"},
    [MODEL_STATE] = {"state", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                     "loaded, present, remote, declared or removed; unregistered: it was used or evaluated, but never "
                     "reported as present"},
    [MODEL_DIGEST_OF] = {"digest_of", CELL_TEXT, COLUMN_MAIN,
                         "what its digest identifies: weights or manifest; name: it has no digest"},
    [MODEL_STEP] = {"step", CELL_TEXT, 0,
                    "the newest step of the weights themselves: declared, present, removed; named: none"},
    [MODEL_NAME] = {"name", CELL_TEXT, COLUMN_MAIN, "the name that it was last reported under"},
    [MODEL_ROLE] = {"role", CELL_TEXT, COLUMN_MAIN, "its declared role"},
    [MODEL_PACK] = {"pack", CELL_TEXT, 0, "which pack declared it"},
    [MODEL_FORMAT] = {"format", CELL_TEXT, 0, "gguf, safetensors, mlx, ..."},
    [MODEL_QUANTIZATION] = {"quantization", CELL_TEXT, COLUMN_MAIN, "Q4_K_M, fp16, ..."},
    [MODEL_BYTES] = {"bytes", CELL_INT, COLUMN_MAIN, "size of the weights"},
    [MODEL_ARCHITECTURE] = {"architecture", CELL_TEXT, 0, "its architecture"},
    [MODEL_PARAMETERS] = {"parameters", CELL_TEXT, 0, "number of parameters, as reported"},
    [MODEL_CONTEXT_LENGTH] = {"context_length", CELL_INT, 0, "tokens of context"},
    [MODEL_LICENSE] = {"license", CELL_TEXT, 0, "name of its licence"},
    [MODEL_PUBLISHER] = {"publisher", CELL_TEXT, 0, "who published it"},
    [MODEL_REPO] = {"repo", CELL_TEXT, 0, "repository it was published in, or source it came from"},
    [MODEL_REVISION] = {"revision", CELL_TEXT, 0, "commit or version there"},
    [MODEL_VERIFIED] = {"verified", CELL_BOOL, 0, "its digest was checked after it was fetched"},
    [MODEL_MANIFEST_LIST] = {"manifests", CELL_LIST, 0, "digests of the manifests that have these weights"},
    [MODEL_NAMED] = {"named", CELL_BOOL, 0, "a name has referred to it"},
    [MODEL_KNOWN_BY] = {"known_by", CELL_LIST, COLUMN_MAIN | COLUMN_WORK,
                        "families of the events that name it by this digest or name: model, run, eval, route, agent"},
    [MODEL_LEFT_AT] = {"left_at", CELL_INT, COLUMN_TIME, "when a name last stopped referring to it"},
    [MODEL_LEFT_SEQ] = {"left_seq", CELL_INT, COLUMN_SEQ, "the event that said so"},
    [MODEL_TOLD_AT] = {"told_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "time of its newest observation"},
    [MODEL_LATE] = {"late", CELL_INT, COLUMN_WORK, "events that saw it earlier than what was known"},
    [MODEL_NAME_LIST] = {"names", CELL_LIST, COLUMN_JUDGED,
                         "names that refer to it now, each preceded by its runtime; as many as fit in a list"},
    [MODEL_ROUTES] = {"routes", CELL_LIST, COLUMN_JUDGED, "the routes that it serves now"},
    [MODEL_PROVEN_BY] = {"proven_by", CELL_SEQS, COLUMN_JUDGED, "its evaluations that count"},
    [MODEL_PRIORITY] = {"priority", CELL_INT, 0, "the higher keeps its room when there is too little"},
    [MODEL_QUOTA] = {"quota_bytes", CELL_INT, 0, "memory that it may take when it is loaded"},
    [MODEL_ROLE_SEQ] = {"role_seq", CELL_INT, COLUMN_SEQ, "the event that last declared its role, priority or quota"},
    FOLD_COLUMNS};
static const struct state_column name_columns[] = {
    [NAME_RUNTIME] = {"runtime", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
                      "the runtime that has the name; empty: none in particular"},
    [NAME_MODEL] = {"model", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the name"},
    [NAME_STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "present, removed, or declared: wanted and not seen"},
    [NAME_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the weights that it refers to"},
    [NAME_MANIFEST] = {"manifest_digest", CELL_TEXT, 0, "digest of the manifest that it refers to"},
    [NAME_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0,
                            "what it referred to before: digest of weights or, if those were unknown, of a manifest"},
    [NAME_MOVED] = {"moved", CELL_INT, COLUMN_MAIN, "how often it came to refer to something else"},
    [NAME_MOVED_AT] = {"moved_at", CELL_INT, COLUMN_TIME, "when it last did"},
    [NAME_MOVED_SEQ] = {"moved_seq", CELL_INT, COLUMN_SEQ, "the event that said so"},
    [NAME_REMOTE] = {"remote", CELL_BOOL, COLUMN_MAIN, "it stands for a remote service: using it is egress"},
    [NAME_ENDPOINT] = {"endpoint", CELL_TEXT, 0, "address of the runtime"},
    [NAME_BYTES] = {"bytes", CELL_INT, 0, "size, as the runtime reports it"},
    [NAME_LOADED] = {"loaded", CELL_BOOL, COLUMN_MAIN, "it is in memory"},
    [NAME_LOADED_AT] = {"loaded_at", CELL_INT, COLUMN_TIME, "since when"},
    [NAME_LOADED_DIGEST] = {"loaded_digest", CELL_TEXT, 0, "what is in memory, if reported: weights or manifest"},
    [NAME_TARGET] = {"target", CELL_TEXT, 0, "the registered name that an alias stands for"},
    [NAME_VERSION] = {"version", CELL_TEXT, 0, "the version that an alias stands for"},
    [NAME_TOLD_AT] = {"told_at", CELL_INT, COLUMN_TIME | COLUMN_WORK, "time of its newest observation"},
    [NAME_LATE] = {"late", CELL_INT, COLUMN_WORK, "events that saw it earlier than what was known"},
    FOLD_COLUMNS};
static const struct state_column manifest_columns[] = {
    [MANIFEST_KEY] = {"manifest_digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of the manifest"},
    [MANIFEST_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of the weights that it has"},
    [MANIFEST_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "what was said before, when it was something else"},
    FOLD_COLUMNS};
static const struct state_column claim_columns[] = {
    [CLAIM_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "a digest of weights or of a manifest, or a name"},
    [CLAIM_MODEL] = {"model", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the name that refers to it, or the name itself"},
    [CLAIM_RUNTIME] = {"runtime", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the runtime that has the name"},
    [CLAIM_SEQ] = {"seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that first said so"}};
static const struct state_column known_columns[] = {
    [KNOWN_MODEL] = {"model", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the name, or a digest that was reported with it"},
    [KNOWN_LEADS] = {"leads", CELL_INT, COLUMN_MAIN,
                     "runtimes in which it refers to weights or a manifest, or did until it was removed"},
    [KNOWN_DIGESTS] = {"digests", CELL_LIST, COLUMN_MAIN,
                       "digests that runs, evaluations and routes reported with it, the first 16"},
    [KNOWN_NOTED] = {"noted", CELL_LIST, 0, "families of the events that named it, other than model events"}};

static const struct state_table tables[MODELS_TABLES] = {
    [MODELS] = {"models", "model",
                "A row is a model: one file of weights, a manifest whose weights are not known, or a name for "
                "which neither is known.",
                model_columns, MODEL_BASE + FOLD_N, models_judge},
    [MODEL_NAMES] = {"model_names", "model-name", "A row is a name, tag or alias in a runtime, and what it refers to.",
                     name_columns, NAME_BASE + FOLD_N, models_judge_name},
    [MODEL_MANIFESTS] = {"model_manifests", "manifest", "A row is a runtime's manifest, and the weights that it has.",
                         manifest_columns, MANIFEST_BASE + FOLD_N, NULL},
    [MODEL_CLAIMS] = {"model_claims", "claim", "A row is a name that refers to a digest, or a runtime that has a name.",
                      claim_columns, CLAIM_SEQ + 1, NULL},
    [MODEL_SPEEDS] = {"model_speeds", "speed", "A row is the speed of a model at one kind of work.", models_speed_columns,
                      MODELS_SPEED_COLUMNS, NULL},
    [MODEL_KNOWN] = {"model_known", "known-name",
                     "A row is a name of a model, and whether anything is known of what it refers to.", known_columns,
                     KNOWN_NOTED + 1, NULL}};

/* ---- legal steps ---- */

/* A first scan of a machine may find names in any state, so any of these may be the first step. */
static const struct fold_step_rule name_rules[] = {{"", "declared", "declared", NULL},
                                                   {"removed", "declared", "declared", NULL},
                                                   {"*", "declared", NULL, NULL},
                                                   {"", "removed", "removed", NULL},
                                                   {"removed", "removed", NULL, "removed twice"},
                                                   {"*", "removed", "removed", NULL},
                                                   {"removed", "unloaded", NULL, NULL},
                                                   {"present", "*", NULL, NULL},
                                                   {"*", "unloaded", "present", NULL},
                                                   {"*", "observed", "present", NULL},
                                                   {"*", "identified", "present", NULL},
                                                   {"*", "pulled", "present", NULL},
                                                   {"*", "loaded", "present", NULL},
                                                   {"*", "alias_set", "present", NULL}};

/* ---- weights ---- */

#define MANIFESTS_MAX 64

/* Copies what the event says about the weights themselves; from a late event only what was unknown. The size that a runtime
 * lists is that of all layers: a more exact one stays. */
static void copy(struct fold *fold, struct row *row, size_t column, const char *field, bool late) {
    if (!late || !row_has(row, column)) {
        fold_copy(fold, row, column, field);
    }
}

/* What is to become of it when there is too little room. */
static void take_rank(struct fold *fold, struct row *row, const struct models_claim *c) {
    struct bytes role;
    int64_t n;
    bool said = fold_text(fold, "role", &role) || fold_int(fold, "priority", &n) || fold_int(fold, "quota_bytes", &n);
    if (said && bytes_is(c->step, "declared")) {
        fold_copy(fold, row, MODEL_PRIORITY, "priority");
        fold_copy(fold, row, MODEL_QUOTA, "quota_bytes");
        row_set_int(row, MODEL_ROLE_SEQ, (int64_t)fold_event(fold)->seq);
    }
}

static void describe(struct fold *fold, struct row *row, const struct models_claim *c, bool late) {
    static const struct {
        size_t column;
        const char *field;
    } fields[] = {{MODEL_ROLE, "role"},
                  {MODEL_PACK, "pack"},
                  {MODEL_FORMAT, "format"},
                  {MODEL_QUANTIZATION, "quantization"},
                  {MODEL_ARCHITECTURE, "family"},
                  {MODEL_ARCHITECTURE, "architecture"},
                  {MODEL_PARAMETERS, "parameters"},
                  {MODEL_LICENSE, "license"},
                  {MODEL_PUBLISHER, "publisher"},
                  {MODEL_REPO, "source"},
                  {MODEL_REPO, "repo"},
                  {MODEL_REVISION, "revision"},
                  {MODEL_VERIFIED, "verified"}};
    if (bytes_is(c->step, "provenance_declared")) { /* its format is that of the document */
        copy(fold, row, MODEL_LICENSE, "license", late);
        copy(fold, row, MODEL_PUBLISHER, "publisher", late);
        return;
    }
    if (c->model.n > 0 && (!late || !row_has(row, MODEL_NAME))) {
        row_set_text(row, MODEL_NAME, c->model);
    }
    if (bytes_is(c->step, "loaded") || bytes_is(c->step, "unloaded")) return;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        copy(fold, row, fields[i].column, fields[i].field, late);
    }
    bool exact = bytes_is(c->step, "declared") || bytes_is(c->step, "identified");
    copy(fold, row, MODEL_BYTES, "bytes", late || !exact);
    if (bytes_is(c->step, "observed")) {
        copy(fold, row, MODEL_CONTEXT_LENGTH, "context_length", late);
    }
    models_context(fold, row, MODEL_CONTEXT_LENGTH);
    take_rank(fold, row, c);
}

/* A decision or statement about it, as opposed to an observation. */
static bool is_step(const struct models_claim *c) {
    return bytes_is(c->step, "declared") || bytes_is(c->step, "provenance_declared");
}

static const char *step_of(const struct row *row, struct bytes step) {
    if (bytes_is(step, "removed")) return "removed";
    if (bytes_is(step, "declared")) {
        return row_is(row, MODEL_STEP, "present") ? "present" : "declared";
    }
    if (bytes_is(step, "provenance_declared") || bytes_is(step, "alias_set") || bytes_is(step, "unloaded")) {
        return row_has(row, MODEL_STEP) && !row_is(row, MODEL_STEP, "named") ? NULL : "declared";
    }
    return "present";
}

static int put_model(struct fold *fold, const struct models_claim *c, struct bytes key, const char *what, struct row **ret,
                     struct err *err) {
    int rc = fold_row(fold, MODELS, &key, 1, ret, err);
    if (rc != 0) return rc;
    row_set_str(*ret, MODEL_DIGEST_OF, what);
    bool late = !is_step(c) && !fold_is_news(fold, *ret, MODEL_BASE, MODEL_TOLD_AT, MODEL_LATE);
    const char *step = late ? NULL : step_of(*ret, c->step);
    if (step != NULL && !row_is(*ret, MODEL_STEP, step)) {
        fold_state(fold, *ret, MODEL_BASE, MODEL_STEP, step);
    }
    fold_touch(fold, *ret, MODEL_BASE);
    describe(fold, *ret, c, late);
    return models_add_text(*ret, MODEL_KNOWN_BY, bytes_of("model"), MODELS_FAMILIES_MAX, err);
}

static int take_weights(struct fold *fold, const struct models_claim *c, struct err *err) {
    struct row *row;
    bool known = c->digest.n > 0;
    struct bytes of = known ? c->digest : c->remote ? NOTHING : c->manifest;
    if (of.n == 0) return 0;
    int rc = put_model(fold, c, of, known ? "weights" : "manifest", &row, err);
    if (rc == 0 && known && c->manifest.n > 0 && !bytes_eq(of, c->manifest)) {
        rc = models_absorb(fold, c->manifest, row, err); /* its weights are known now and have their own row */
    }
    return rc == 0 && known && c->manifest.n > 0
               ? models_add_text(row, MODEL_MANIFEST_LIST, c->manifest, MANIFESTS_MAX, err)
               : rc;
}

/* Statements about a name that leads nowhere are kept with the name; otherwise with what it leads to. An alias is a name of
 * a name. */
static int take_nameless(struct fold *fold, const struct models_claim *c, struct bytes leads, struct err *err) {
    struct row *row = NULL;
    bool known;
    if (c->model.n == 0 || bytes_is(c->step, "provenance_declared")) return 0;
    int rc = models_is_known(fold, c->model, &known, err);
    if (rc == 0 && (known || bytes_is(c->step, "alias_set"))) {
        rc = leads.n > 0 ? fold_find(fold, MODELS, &leads, 1, &row, err) : 0;
        if (rc == 0) rc = models_absorb(fold, c->model, row, err);
        if (rc == 0) rc = models_absorb_latest(fold, c->model, row, err);
        return rc;
    }
    if (rc == 0) rc = put_model(fold, c, c->model, "name", &row, err);
    if (rc == 0) {
        row_set_bool(row, MODEL_NAMED, true);
        rc = models_absorb_latest(fold, c->model, row, err);
    }
    return rc;
}

/* A manifest is named by its content, so a claim of other weights for it contradicts the previous one. */
static int take_manifest(struct fold *fold, struct models_claim *c, struct err *err) {
    struct row *row;
    if (c->manifest.n == 0) return 0;
    if (c->digest.n == 0) {
        int rc = fold_find(fold, MODEL_MANIFESTS, &c->manifest, 1, &row, err);
        if (rc == 0 && row != NULL) {
            c->digest = row_text(row, MANIFEST_DIGEST);
        }
        return rc;
    }
    int rc = fold_row(fold, MODEL_MANIFESTS, &c->manifest, 1, &row, err);
    if (rc != 0) return rc;
    if (row_has(row, MANIFEST_DIGEST) && !bytes_eq(row_text(row, MANIFEST_DIGEST), c->digest)) {
        row_set_text(row, MANIFEST_DIGEST_BEFORE, row_text(row, MANIFEST_DIGEST));
        fold_violation(fold, row, MANIFEST_BASE, "the same manifest was said to have other weights");
    }
    if (!bytes_eq(row_text(row, MANIFEST_DIGEST), c->digest)) {
        fold_state(fold, row, MANIFEST_BASE, MANIFEST_DIGEST, "");
        row_set_text(row, MANIFEST_DIGEST, c->digest);
    }
    fold_touch(fold, row, MANIFEST_BASE);
    return 0;
}

/* ---- names ---- */

/* The index: what the name leads to, which is weights or, while these are unknown, the manifest. */
static struct bytes leads_to(const struct row *name) {
    return row_has(name, NAME_DIGEST) ? row_text(name, NAME_DIGEST) : row_text(name, NAME_MANIFEST);
}

/* Weights that the name holds in memory without leading to them. */
static struct bytes holds(const struct row *name) {
    struct bytes held = row_text(name, NAME_LOADED_DIGEST);
    return row_bool(name, NAME_LOADED) && !bytes_eq(held, leads_to(name)) ? held : NOTHING;
}

static int put_claim(struct fold *fold, struct bytes of, const struct row *name, bool there, struct err *err) {
    const struct bytes parts[] = {of, row_text(name, NAME_MODEL), row_text(name, NAME_RUNTIME)};
    struct row *claim;
    if (of.n == 0) return 0;
    int rc =
        there ? fold_row(fold, MODEL_CLAIMS, parts, 3, &claim, err) : fold_find(fold, MODEL_CLAIMS, parts, 3, &claim, err);
    if (rc != 0 || claim == NULL) return rc;
    if (!there) {
        fold_drop(claim);
    } else if (!row_has(claim, CLAIM_SEQ)) {
        row_set_int(claim, CLAIM_SEQ, (int64_t)fold_event(fold)->seq);
    }
    return 0;
}

/* The weights it led to cite the event that moved the name; those it leads to now record that they have a name. */
static int tell_weights(struct fold *fold, struct bytes before, struct bytes now, struct err *err) {
    struct row *row;
    int rc = 0;
    if (before.n > 0 && !bytes_eq(before, now)) {
        rc = fold_find(fold, MODELS, &before, 1, &row, err);
        if (rc == 0 && row != NULL) {
            fold_cite(fold, row, MODEL_BASE);
            row_set_int(row, MODEL_LEFT_AT, (int64_t)fold_when(fold));
            row_set_int(row, MODEL_LEFT_SEQ, (int64_t)fold_event(fold)->seq);
        }
    }
    if (rc == 0 && now.n > 0 && models_is_digest(now)) {
        rc = fold_find(fold, MODELS, &now, 1, &row, err);
        if (rc == 0 && row != NULL && !row_bool(row, MODEL_NAMED)) {
            row_set_bool(row, MODEL_NAMED, true);
        }
    }
    return rc;
}

static void mark_moved(struct fold *fold, struct row *row, struct bytes before) {
    const uint64_t seq = fold_event(fold)->seq;
    if (before.n > 0) {
        row_set_text(row, NAME_DIGEST_BEFORE, before);
    }
    row_add(row, NAME_MOVED, 1);
    row_set_int(row, NAME_MOVED_AT, (int64_t)fold_when(fold));
    row_set_int(row, NAME_MOVED_SEQ, (int64_t)seq);
    row_set_int(row, NAME_BASE + FOLD_UPDATED_SEQ, (int64_t)seq);
    row_cite_only(row, NAME_BASE + FOLD_EVIDENCE, &seq, 1);
}

/* Sets where the name leads from here on. It moved if its weights changed or, while the weights are unknown before or
 * after, its manifest. What the event does not state stays, except weights under another manifest, which become unknown. */
static void point(struct fold *fold, struct row *row, const struct models_claim *c) {
    struct bytes digest = row_text(row, NAME_DIGEST), manifest = row_text(row, NAME_MANIFEST);
    bool other_manifest = manifest.n > 0 && c->manifest.n > 0 && !bytes_eq(manifest, c->manifest);
    bool moved = digest.n > 0 && c->digest.n > 0 ? !bytes_eq(digest, c->digest) : other_manifest;
    if (c->remote) {
        moved = digest.n > 0;
    }
    if (moved) {
        mark_moved(fold, row, digest.n > 0 ? digest : manifest);
    }
    if (c->remote || (c->digest.n == 0 && other_manifest)) {
        row_set_null(row, NAME_DIGEST);
    }
    if (c->remote) {
        row_set_null(row, NAME_MANIFEST);
    }
    if (c->digest.n > 0 && !bytes_eq(digest, c->digest)) {
        row_set_text(row, NAME_DIGEST, c->digest);
        if (!moved) {
            fold_cite(fold, row, NAME_BASE);
        }
    }
    if (c->manifest.n > 0) {
        row_set_text(row, NAME_MANIFEST, c->manifest);
    } else if (moved) {
        row_set_null(row, NAME_MANIFEST);
    }
}

/* An alias may name a version of a registered name instead of weights; and the first event about a name may say that it
 * moved. `digest`: where it led until this event. */
static void take_alias(struct fold *fold, struct row *row, const struct models_claim *c, struct bytes digest) {
    struct bytes target, version = NOTHING, before;
    bool told = row_int(row, NAME_MOVED_SEQ) == (int64_t)fold_event(fold)->seq && row_has(row, NAME_MOVED_SEQ);
    if (fold_text(fold, "model", &target) && !bytes_eq(target, c->model)) {
        row_set_text(row, NAME_TARGET, target);
    }
    fold_text(fold, "version", &version);
    bool other = version.n > 0 && row_has(row, NAME_VERSION) && !bytes_eq(version, row_text(row, NAME_VERSION));
    fold_copy(fold, row, NAME_VERSION, "version");
    if (c->digest.n == 0 && c->manifest.n == 0 && row_has(row, NAME_TARGET)) {
        if (other && !told) {
            mark_moved(fold, row, digest);
        }
        row_set_null(row, NAME_DIGEST); /* it leads where the registered name leads */
        row_set_null(row, NAME_MANIFEST);
        fold_cite(fold, row, NAME_BASE);
    } else if (digest.n == 0 && !told && c->digest.n > 0 && fold_text(fold, "digest_before", &before) &&
               !bytes_eq(before, c->digest)) {
        mark_moved(fold, row, before);
    }
}

static void take_loaded(struct fold *fold, struct row *row, const struct models_claim *c) {
    bool loaded = bytes_is(c->step, "loaded");
    struct bytes what = c->digest.n > 0 ? c->digest : c->manifest;
    if (loaded && !row_bool(row, NAME_LOADED)) {
        row_set_int(row, NAME_LOADED_AT, (int64_t)fold_when(fold));
    }
    row_set_bool(row, NAME_LOADED, loaded);
    if (loaded && what.n > 0) {
        row_set_text(row, NAME_LOADED_DIGEST, what);
    } else {
        row_set_null(row, NAME_LOADED_DIGEST);
    }
    if (!loaded) {
        row_set_null(row, NAME_LOADED_AT);
    }
}

/* Does the event say where the name leads? What is loaded may be older; a declaration does not move an existing name; and
 * only a new observation ends a name's being remote. */
static bool says_where(const struct row *row, const struct models_claim *c) {
    if (bytes_is(c->step, "removed") || bytes_is(c->step, "unloaded")) return false;
    if (bytes_is(c->step, "declared")) return row_is(row, NAME_STATE, "declared");
    if (row_bool(row, NAME_REMOTE) && !bytes_is(c->step, "observed")) return false;
    return !bytes_is(c->step, "loaded") || leads_to(row).n == 0;
}

/* The columns that this kind of event sets. */
static void take_name_columns(struct fold *fold, struct row *row, const struct models_claim *c) {
    bool loading = bytes_is(c->step, "loaded") || bytes_is(c->step, "unloaded");
    struct bytes digest = row_text(row, NAME_DIGEST);
    if (says_where(row, c)) {
        point(fold, row, c);
    }
    if (loading) {
        take_loaded(fold, row, c);
    } else if (bytes_is(c->step, "alias_set")) {
        take_alias(fold, row, c, digest);
    } else if (bytes_is(c->step, "observed")) {
        row_set_bool(row, NAME_REMOTE, c->remote);
        fold_copy(fold, row, NAME_BYTES, "bytes");
    } else if (bytes_is(c->step, "removed")) {
        row_set_null(row, NAME_LOADED);
        row_set_null(row, NAME_LOADED_AT);
        row_set_null(row, NAME_LOADED_DIGEST);
    }
    fold_copy(fold, row, NAME_ENDPOINT, "endpoint");
}

static int take_name(struct fold *fold, const struct models_claim *c, struct bytes *ret_leads, struct err *err) {
    const struct bytes parts[] = {c->runtime, c->model};
    struct row *row;
    if (c->model.n == 0 || bytes_is(c->step, "provenance_declared")) return 0;
    int rc = fold_row(fold, MODEL_NAMES, parts, 2, &row, err);
    if (rc != 0) return rc;
    if (!is_step(c) && !fold_is_news(fold, row, NAME_BASE, NAME_TOLD_AT, NAME_LATE)) {
        *ret_leads = leads_to(row);
        return 0;
    }
    bool led = leads_to(row).n > 0, gone = !row_has(row, NAME_STATE) || row_is(row, NAME_STATE, "removed");
    /* From the stored row: setting columns does not move it. */
    struct bytes was = gone ? NOTHING : leads_to(row), held = gone ? NOTHING : holds(row);
    fold_take_step(fold, row, NAME_BASE, NAME_STATE, name_rules, sizeof(name_rules) / sizeof(name_rules[0]));
    take_name_columns(fold, row, c);
    *ret_leads = leads_to(row);
    rc = models_take_lead(fold, c->model, led, ret_leads->n > 0, err);
    bool there = !row_is(row, NAME_STATE, "removed");
    struct bytes now = there ? leads_to(row) : NOTHING, in_memory = there ? holds(row) : NOTHING;
    if (rc == 0 && !bytes_eq(was, now) && !bytes_eq(was, in_memory)) {
        rc = put_claim(fold, was, row, false, err);
    }
    if (rc == 0 && !bytes_eq(held, now) && !bytes_eq(held, in_memory)) {
        rc = put_claim(fold, held, row, false, err);
    }
    if (rc == 0) rc = put_claim(fold, now, row, true, err);
    if (rc == 0) rc = put_claim(fold, in_memory, row, true, err);
    if (rc == 0) rc = put_claim(fold, row_text(row, NAME_MODEL), row, true, err);
    if (rc == 0) rc = tell_weights(fold, was, now, err);
    return rc;
}

/* ---- the fold ---- */

static int fold(struct fold *fold, struct err *err) {
    struct bytes kind = fold_event(fold)->kind, leads = NOTHING;
    struct models_claim c;
    bool ok = true;
    int rc = 0;
    if (!bytes_has_prefix(kind, "model.")) {
        rc = bytes_is(kind, "eval.benchmarked") ? models_take_speed(fold, err) : 0;
        if (rc == 0) rc = models_take_mention(fold, err);
        return rc;
    }
    models_read_claim(fold, &c);
    if (bytes_is(c.step, "pulled") && fold_bool(fold, "ok", &ok) && !ok) return 0;
    rc = take_manifest(fold, &c, err);
    if (rc == 0) rc = take_weights(fold, &c, err);
    if (rc == 0) rc = take_name(fold, &c, &leads, err);
    if (rc == 0) rc = take_nameless(fold, &c, leads, err);
    return rc;
}

static const char *const kinds[] = {"model.declared",
                                    "model.observed",
                                    "model.identified",
                                    "model.pulled",
                                    "model.removed",
                                    "model.loaded",
                                    "model.unloaded",
                                    "model.alias_set",
                                    "model.provenance_declared",
                                    "run.model_called",
                                    "run.model_returned",
                                    "eval.started",
                                    "eval.imported",
                                    "eval.scored",
                                    "eval.finished",
                                    "eval.benchmarked",
                                    "route.decided",
                                    "route.fell_back",
                                    "agent.session_started",
                                    NULL};
const struct projection projection_models = {"models", 12, tables, MODELS_TABLES, kinds, fold};
