/* What changed since the last look.
 *
 * Models are compared page by page; in a page, first those that are gone (unloaded, removed), then the others:
 *
 *   the name is new                model.observed; and, when the list was seen before: model.alias_set when another name
 *                                  had the same manifest (a copy), nothing when it was created here from another model
 *                                  or is a remote service, model.pulled otherwise
 *   the manifest differs           model.alias_set, model.observed
 *   another value differs          model.observed
 *   nothing differs                model.observed again with its old key, a duplicate: that is how a run that was killed
 *                                  before its receipt is detected
 *
 * All changes that one look finds in a page have the page's next generation in their keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ollama/ollama.h"

struct diff {
    const struct ollama_view *view;
    struct ollama_state *state;
    struct ollama_lists *lists;
    const struct ollama_asker *asker;
    struct ollama_page *page; /* the current one */
    uint64_t gen;             /* of its changes */
    bool changed;
    struct ollama_model **models; /* by page and name */
    struct ollama_loaded **loaded;
};

static bool same_digest(const struct ollama_digest *a, const struct ollama_digest *b) {
    return a->there == b->there && (!a->there || memcmp(a->sha256, b->sha256, HASH_LEN) == 0);
}

static int by_place(struct bytes a, struct bytes b) {
    size_t x = ollama_state_page(a), y = ollama_state_page(b);
    return x != y ? (x < y ? -1 : 1) : bytes_cmp(a, b);
}

static int by_model(const void *a, const void *b) {
    const struct ollama_model *const *x = a, *const *y = b;
    return by_place((*x)->name, (*y)->name);
}

static int by_loaded(const void *a, const void *b) {
    const struct ollama_loaded *const *x = a, *const *y = b;
    return by_place((*x)->name, (*y)->name);
}

static int reject_twice(const struct diff *d, struct bytes name) {
    char why[OLLAMA_NAME_MAX + 64];
    snprintf(why, sizeof(why), "the model '%.*s' is listed twice", (int)name.n, (const char *)name.p);
    return intake_reject(d->view->run, &d->view->place, "a model is listed twice", why);
}

/* ---- present models ----------------------------------------------------------------------------------------------- */

static int ask(const struct diff *d, struct ollama_model *m, struct ollama_seen *seen, struct err *err) {
    if (m->weights.there || d->asker == NULL || m->remote) return 0;
    return d->asker->ask(d->asker->ctx, m, &seen->shown, err);
}

/* The event of a name that was not listed. */
static int add_new(const struct diff *d, const struct ollama_model *m, struct err *err) {
    if (!d->state->runtime.looked || m->remote) return 0;
    if (m->copied) return ollama_event_alias(d->view, m, NULL, d->gen, err);
    return m->made ? 0 : ollama_event_pulled(d->view, m, d->gen, err);
}

static void remember(struct ollama_seen *seen, const struct ollama_model *m, uint64_t gen) {
    seen->manifest = m->manifest;
    seen->weights = m->weights;
    memcpy(seen->entry, m->content, OLLAMA_SHORT);
    seen->listed = true;
    seen->listed_gen = gen;
}

static int take_model(struct diff *d, struct ollama_model *m, struct err *err) {
    struct ollama_seen *seen = ollama_state_find(d->page, m->name);
    struct err why = {0};
    int rc = 0;
    if (seen != NULL && seen->found_listed) return reject_twice(d, m->name);
    if (seen == NULL && (rc = ollama_state_add(d->page, m->name, &seen, &why)) == ERR_LIMIT) {
        return intake_reject(d->view->run, &d->view->place, NULL, why.msg);
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    struct ollama_seen old = *seen;
    bool is_new = !seen->listed, moved = seen->listed && !same_digest(&seen->manifest, &m->manifest);
    bool shown = seen->shown && !is_new && !moved;
    seen->found_listed = true;
    if (shown && !m->weights.there) {
        m->weights = seen->weights;
    }
    seen->shown = shown;
    if (!shown) rc = ask(d, m, seen, err);
    bool changed =
        is_new || moved || memcmp(seen->entry, m->content, OLLAMA_SHORT) != 0 || !same_digest(&seen->weights, &m->weights);
    d->changed = d->changed || changed || seen->shown != old.shown;
    if (rc == 0 && is_new) {
        rc = add_new(d, m, err);
    } else if (rc == 0 && moved) {
        rc = ollama_event_alias(d->view, m, &old, d->gen, err);
    }
    if (rc == 0) rc = ollama_event_observed(d->view, m, changed ? d->gen : seen->listed_gen, err);
    if (rc == 0 && changed) {
        remember(seen, m, d->gen);
    }
    return rc;
}

static int take_loaded(struct diff *d, const struct ollama_loaded *l, struct err *err) {
    struct ollama_seen *seen = ollama_state_find(d->page, l->name);
    struct err why = {0};
    int rc = 0;
    if (seen != NULL && seen->found_loaded) return reject_twice(d, l->name);
    if (seen == NULL && (rc = ollama_state_add(d->page, l->name, &seen, &why)) == ERR_LIMIT) {
        return intake_reject(d->view->run, &d->view->place, NULL, why.msg);
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    seen->found_loaded = true;
    bool changed = !seen->loaded || memcmp(seen->load, l->content, OLLAMA_SHORT) != 0;
    bool same = same_digest(&seen->manifest, &l->manifest);
    d->changed = d->changed || changed;
    rc = ollama_event_loaded(d->view, l, same ? &seen->weights : NULL, changed ? d->gen : seen->loaded_gen, err);
    if (rc == 0 && changed) {
        memcpy(seen->load, l->content, OLLAMA_SHORT);
        seen->loaded = true;
        seen->loaded_gen = d->gen;
        seen->load_manifest.there = false;
        if (!same && ollama_state_has_room(d->page)) {
            seen->load_manifest = l->manifest;
        }
    }
    return rc;
}

/* ---- models gone -------------------------------------------------------------------------------------------------- */

static bool in_models(const struct diff *d, size_t from, size_t to, const char *name) {
    for (size_t i = from; i < to; i++) {
        if (bytes_is(d->models[i]->name, name)) return true;
    }
    return false;
}

static bool in_loaded(const struct diff *d, size_t from, size_t to, const char *name) {
    for (size_t i = from; i < to; i++) {
        if (bytes_is(d->loaded[i]->name, name)) return true;
    }
    return false;
}

struct range {
    size_t from, to;
};

static int take_gone(struct diff *d, struct range models, struct range loaded, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < d->page->n && rc == 0; i++) {
        struct ollama_seen *seen = &d->page->seen[i];
        seen->found_listed = seen->found_loaded = false;
        if (d->lists->has_loaded && !d->lists->cut_loaded && seen->loaded &&
            !in_loaded(d, loaded.from, loaded.to, seen->name)) {
            rc = ollama_event_unloaded(d->view, seen, d->gen, err);
            seen->loaded = false;
            d->changed = true;
        }
        if (rc == 0 && d->lists->has_models && !d->lists->cut_models && seen->listed &&
            !in_models(d, models.from, models.to, seen->name)) {
            rc = ollama_event_removed(d->view, seen, d->gen, err);
            seen->listed = seen->shown = false;
            d->changed = true;
        }
    }
    return rc;
}

/* ---- a page ------------------------------------------------------------------------------------------------------- */

static int take_page(struct diff *d, size_t number, struct range models, struct range loaded, struct err *err) {
    d->page = &d->state->pages[number];
    d->gen = d->page->gen + 1;
    d->changed = false;
    int rc = take_gone(d, models, loaded, err);
    for (size_t i = models.from; i < models.to && rc == 0; i++) {
        rc = take_model(d, d->models[i], err);
    }
    for (size_t i = loaded.from; i < loaded.to && rc == 0; i++) {
        rc = take_loaded(d, d->loaded[i], err);
    }
    ollama_state_prune(d->page);
    if ((rc != 0 && rc != INTAKE_STOP) || !d->changed) return rc;
    /* A strict run that stops here commits what it has added: the page belongs to that. */
    d->page->gen = d->gen;
    if (d->view->saved) return rc;
    int stored = ollama_state_put_page(d->state, number, d->view->run, err);
    return stored != 0 ? stored : rc;
}

/* Marks new names whose manifest is known under another name, before this look drops any. */
static void find_copies(struct diff *d) {
    for (size_t i = 0; i < d->lists->n_models; i++) {
        struct ollama_model *m = &d->lists->models[i];
        struct ollama_seen *seen = ollama_state_find(&d->state->pages[ollama_state_page(m->name)], m->name);
        if ((seen != NULL && seen->listed) || !m->manifest.there) continue;
        for (size_t p = 0; p < OLLAMA_PAGES && !m->copied; p++) {
            const struct ollama_page *page = &d->state->pages[p];
            for (size_t k = 0; k < page->n && !m->copied; k++) {
                m->copied = page->seen[k].listed && same_digest(&page->seen[k].manifest, &m->manifest);
            }
        }
    }
}

static int sort_lists(struct diff *d, struct err *err) {
    d->models = calloc(d->lists->n_models + 1, sizeof(struct ollama_model *));
    d->loaded = calloc(d->lists->n_loaded + 1, sizeof(struct ollama_loaded *));
    if (d->models == NULL || d->loaded == NULL) {
        return err_set(err, ERR_NOMEM, "ollama: out of memory");
    }
    for (size_t i = 0; i < d->lists->n_models; i++) {
        d->models[i] = &d->lists->models[i];
    }
    for (size_t i = 0; i < d->lists->n_loaded; i++) {
        d->loaded[i] = &d->lists->loaded[i];
    }
    qsort(d->models, d->lists->n_models, sizeof(struct ollama_model *), by_model);
    qsort(d->loaded, d->lists->n_loaded, sizeof(struct ollama_loaded *), by_loaded);
    return 0;
}

int ollama_diff(const struct ollama_view *view, struct ollama_state *state, struct ollama_lists *lists,
                const struct ollama_asker *asker, struct err *err) {
    struct diff d = {.view = view, .state = state, .lists = lists, .asker = asker};
    struct range models = {0, 0}, loaded = {0, 0};
    int rc = sort_lists(&d, err);
    if (rc == 0) {
        find_copies(&d);
    }
    for (size_t p = 0; p < OLLAMA_PAGES && rc == 0 && !intake_stopped(view->run); p++) {
        while (models.to < lists->n_models && ollama_state_page(d.models[models.to]->name) == p) {
            models.to++;
        }
        while (loaded.to < lists->n_loaded && ollama_state_page(d.loaded[loaded.to]->name) == p) {
            loaded.to++;
        }
        rc = take_page(&d, p, models, loaded, err);
        models.from = models.to;
        loaded.from = loaded.to;
    }
    free(d.models);
    free(d.loaded);
    return rc;
}
