/* Names of data are looked up in a sorted index. The order is made by taking, again and again, the first step whose needs
 * are all taken; when there is none, the steps that are left form a cycle, which is found by walking from need to need. */
#include "packs/manifest/steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/text.h"
#include "packs/manifest/uses.h"

#define S(text_)  (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define CYCLE_MAX 512

/* An input of the pack, or an output of a step. */
struct datum {
    struct bytes name;
    size_t step; /* SIZE_MAX: an input */
    size_t input;
    struct yaml_place at;
    bool used;
};

struct edge {
    size_t from, to; /* `to` needs `from` */
};

struct graph {
    struct checking *c;
    struct datum *data;
    size_t n_data, data_cap;
    struct edge *edges;
    size_t n_edges, edges_cap;
    bool *routes; /* of each: is it used */
};

/* ---- data ----------------------------------------------------------------------------------------------------------- */

static int put_datum(struct graph *g, struct datum datum, struct err *err) {
    int rc = datum.name.n > 0 ? array_room(&g->data, g->n_data + 1, &g->data_cap, sizeof(datum), err) : 1;
    if (rc == 0) {
        g->data[g->n_data++] = datum;
    }
    return rc < 0 ? rc : 0;
}

static int by_name(const void *a, const void *b) {
    const struct datum *one = a, *two = b;
    int c = bytes_cmp(one->name, two->name);
    if (c != 0) return c;
    if (one->at.line != two->at.line) return one->at.line < two->at.line ? -1 : 1;
    return one->at.column < two->at.column ? -1 : one->at.column > two->at.column;
}

static struct datum *datum_of(const struct graph *g, struct bytes name) {
    for (size_t low = 0, high = g->n_data; low < high;) {
        size_t middle = low + (high - low) / 2;
        int c = bytes_cmp(name, g->data[middle].name);
        if (c == 0) return &g->data[middle];
        *(c < 0 ? &high : &low) = c < 0 ? middle : middle + 1;
    }
    return NULL;
}

static int find_data(struct graph *g, struct err *err) {
    const struct manifest_pack *pack = g->c->pack;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < pack->inputs.n; i++) {
        const struct manifest_input *input = &pack->inputs.items[i];
        rc = put_datum(g, (struct datum){input->name, SIZE_MAX, i, check_place(input->node, "name"), false}, err);
    }
    for (size_t i = 0; rc == 0 && i < pack->steps.n; i++) {
        const struct manifest_step *step = &pack->steps.items[i];
        for (size_t j = 0; rc == 0 && j < step->outputs.n; j++) {
            const struct bytes name = step->outputs.items[j];
            rc = put_datum(g, (struct datum){name, i, SIZE_MAX, check_item(step->node, "outputs", name), false}, err);
        }
    }
    if (g->n_data > 0) {
        qsort(g->data, g->n_data, sizeof(g->data[0]), by_name);
    }
    for (size_t i = 1; i < g->n_data; i++) {
        const struct datum *one = &g->data[i], *before = &g->data[i - 1];
        bool inputs = one->step == SIZE_MAX && before->step == SIZE_MAX; /* said of the section already */
        if (bytes_eq(one->name, before->name) && !inputs) {
            check_error(g->c, one->at, "the name '%.*s' is already used by an input or output on line %u", S(one->name),
                        before->at.line);
        }
    }
    return rc;
}

/* ---- what a step refers to ------------------------------------------------------------------------------------------ */

static bool is_in(const struct bytes *items, size_t n, struct bytes name) {
    for (size_t i = 0; i < n; i++) {
        if (bytes_eq(items[i], name)) return true;
    }
    return false;
}

static size_t step_index(const struct manifest_pack *pack, struct bytes id) {
    for (size_t i = 0; id.n > 0 && i < pack->steps.n; i++) {
        if (bytes_eq(pack->steps.items[i].id, id)) return i;
    }
    return SIZE_MAX;
}

static int put_edge(struct graph *g, size_t from, size_t to, struct err *err) {
    int rc = array_room(&g->edges, g->n_edges + 1, &g->edges_cap, sizeof(g->edges[0]), err);
    if (rc == 0) {
        g->edges[g->n_edges++] = (struct edge){from, to};
    }
    return rc;
}

static void no_step(struct graph *g, struct yaml_place at, const char *key, struct bytes id) {
    struct text_near near = {.text = (const char *)id.p};
    for (size_t i = 0; i < g->c->pack->steps.n; i++) {
        check_offer(g->c, &near, g->c->pack->steps.items[i].id);
    }
    check_error(g->c, at, "'%s': there is no step '%.*s'%s", key, S(id), text_near_words(&near));
}

static void no_datum(struct graph *g, struct yaml_place at, const char *key, struct bytes name) {
    struct text_near near = {.text = (const char *)name.p};
    for (size_t i = 0; i < g->n_data; i++) {
        check_offer(g->c, &near, g->data[i].name);
    }
    check_error(g->c, at, "'%s': '%.*s' is not an input of the pack or an output of a step%s", key, S(name),
                text_near_words(&near));
}

static int check_inputs(struct graph *g, size_t i, struct err *err) {
    const struct manifest_step *step = &g->c->pack->steps.items[i];
    int rc = 0;
    for (size_t j = 0; rc == 0 && j < step->inputs.n; j++) {
        const struct bytes name = step->inputs.items[j];
        struct datum *datum = datum_of(g, name);
        if (datum == NULL) {
            no_datum(g, check_item(step->node, "inputs", name), "inputs", name);
        } else if (is_in(step->inputs.items, j, name)) {
            check_error(g->c, check_item(step->node, "inputs", name), "'inputs': duplicate '%.*s'", S(name));
        } else {
            datum->used = true;
            rc = datum->step != SIZE_MAX ? put_edge(g, datum->step, i, err) : 0;
        }
    }
    return rc;
}

static int check_needs(struct graph *g, size_t i, struct err *err) {
    const struct manifest_step *step = &g->c->pack->steps.items[i];
    int rc = 0;
    for (size_t j = 0; rc == 0 && j < step->needs.n; j++) {
        size_t other = step_index(g->c->pack, step->needs.items[j]);
        if (other == SIZE_MAX) {
            no_step(g, check_item(step->node, "needs", step->needs.items[j]), "needs", step->needs.items[j]);
        } else {
            rc = put_edge(g, other, i, err);
        }
    }
    return rc;
}

static int check_when(struct graph *g, size_t i, struct err *err) {
    const struct manifest_step *step = &g->c->pack->steps.items[i];
    const struct yaml_place at = check_place(step->node, "when");
    struct manifest_when when;
    if (manifest_when(step->when, &when) != 0) {
        check_error(g->c, at,
                    "'when': '%.*s' is not a condition (expected input NAME given|missing, or step ID "
                    "succeeded|failed|skipped)",
                    S(step->when));
        return 0;
    }
    if (when.condition == MANIFEST_GIVEN || when.condition == MANIFEST_MISSING) {
        struct datum *datum = datum_of(g, when.name);
        if (datum == NULL || datum->step != SIZE_MAX) {
            check_error(g->c, at, "'when': '%.*s' is not an input of the pack", S(when.name));
        } else {
            datum->used = true;
        }
    } else if (when.condition != MANIFEST_ALWAYS) {
        size_t other = step_index(g->c->pack, when.name);
        if (other != SIZE_MAX) return put_edge(g, other, i, err);
        no_step(g, at, "when", when.name);
    }
    return 0;
}

/* ---- arguments ------------------------------------------------------------------------------------------------------ */

/* Every ${NAME} is an input or output of the step. What the arguments name is noted in `named`, by index of output. */
static void check_arguments(struct graph *g, const struct manifest_step *step, const struct yaml_node *map,
                            const struct bytes *items, size_t n, bool *named) {
    for (size_t i = 0; i < n; i++) {
        struct bytes rest = items[i], text, name;
        int rc;
        while ((rc = manifest_piece(&rest, &text, &name)) == 0) {
            if (!check_spend(g->c, 20 + text.n + step->inputs.n + step->outputs.n)) return;
            if (name.p == NULL || is_in(step->inputs.items, step->inputs.n, name)) continue;
            size_t output = 0;
            while (output < step->outputs.n && !bytes_eq(step->outputs.items[output], name)) {
                output++;
            }
            if (output < step->outputs.n) {
                named[output] = true;
            } else {
                check_error(g->c, check_item(map, "arguments", items[i]),
                            "'arguments': ${%.*s} is not an input or output of the step '%.*s'", S(name), S(step->id));
            }
        }
        if (!check_spend(g->c, 1)) return;
        if (rc < 0) {
            check_error(g->c, check_item(map, "arguments", items[i]),
                        "'arguments': '%.*s' has '${' without a name and '}' ('$${' is a plain one)", S(items[i]));
        }
    }
}

/* Of one route to a tool: its arguments and the step's, and whether each output is made. */
static int check_tool(struct graph *g, const struct manifest_step *step, const struct manifest_route *route,
                      struct err *err) {
    bool *named = calloc(step->outputs.n + 1, sizeof(*named));
    if (named == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    check_arguments(g, step, route->node, route->arguments.items, route->arguments.n, named);
    check_arguments(g, step, step->node, step->arguments.items, step->arguments.n, named);
    for (size_t i = 0; i < step->outputs.n; i++) {
        const struct bytes name = step->outputs.items[i];
        if (!named[i] && !bytes_eq(name, step->stdout)) {
            check_warn(g->c, check_item(step->node, "outputs", name),
                       "'outputs': nothing makes '%.*s': it is neither in the arguments nor 'stdout'", S(name));
        }
    }
    free(named);
    return 0;
}

static void check_foreign(struct graph *g, const struct manifest_step *step, const char *key, const char *of) {
    const struct yaml_node *value = yaml_get(step->node, key);
    if (value != NULL) {
        check_error(g->c, value->key_at, "'%s' is for steps of a %s, and neither the route nor a fallback is one", key, of);
    }
}

/* The route, and those that it falls back on: a step of a model whose fallback is a tool has the keys of both. */
static int check_route(struct graph *g, const struct manifest_step *step, struct err *err) {
    const struct manifest_pack *pack = g->c->pack;
    const struct manifest_route *route = manifest_route(pack, step->route);
    bool tool = false, model = false;
    int rc = 0;
    if (route == NULL) {
        if (step->route.n > 0) check_no_route(g->c, check_place(step->node, "route"), "route", step->route);
        return 0;
    }
    for (size_t i = 0; rc == 0 && route != NULL && i <= MANIFEST_FALLBACKS_MAX; i++) {
        if (!check_spend(g->c, pack->routes.n)) return 0;
        g->routes[route - pack->routes.items] = true;
        tool = tool || manifest_role(route) == MANIFEST_TOOL;
        model = model || manifest_role(route) == MANIFEST_MODEL;
        rc = manifest_role(route) == MANIFEST_TOOL ? check_tool(g, step, route, err) : 0;
        route = manifest_route(pack, route->fallback);
    }
    if (!tool) {
        check_foreign(g, step, "arguments", "tool");
        check_foreign(g, step, "stdin", "tool");
        check_foreign(g, step, "stdout", "tool");
    }
    if (!model) {
        check_foreign(g, step, "prompt", "model");
    } else if (step->outputs.n > 1) {
        check_error(g->c, check_place(step->node, "outputs"), "'outputs': a step of a model makes one output");
    }
    check_file(g->c, check_place(step->node, "prompt"), step->prompt, false);
    return rc;
}

static int check_step(struct graph *g, size_t i, struct err *err) {
    const struct manifest_step *step = &g->c->pack->steps.items[i];
    int rc = check_route(g, step, err);
    if (rc == 0) rc = check_inputs(g, i, err);
    if (rc == 0) rc = check_needs(g, i, err);
    if (rc == 0) rc = check_when(g, i, err);
    if (step->stdin.n > 0 && !is_in(step->inputs.items, step->inputs.n, step->stdin)) {
        check_error(g->c, check_place(step->node, "stdin"), "'stdin': '%.*s' is not among the step's inputs",
                    S(step->stdin));
    }
    if (step->stdout.n > 0 && !is_in(step->outputs.items, step->outputs.n, step->stdout)) {
        check_error(g->c, check_place(step->node, "stdout"), "'stdout': '%.*s' is not among the step's outputs",
                    S(step->stdout));
    }
    uses_check(g->c, step);
    return rc;
}

/* ---- order ---------------------------------------------------------------------------------------------------------- */

/* A step that `step` needs and that is left. */
static size_t needed_by(const struct graph *g, const bool *taken, size_t step) {
    for (size_t e = 0; e < g->n_edges; e++) {
        if (g->edges[e].to == step && !taken[g->edges[e].from]) return g->edges[e].from;
    }
    return step;
}

/* Among the steps that are left each needs another: after as many needs as there are steps the way is in a cycle, which is
 * said from its first step on. */
static void say_cycle(struct graph *g, const bool *taken, size_t step) {
    const struct manifest_pack *pack = g->c->pack;
    char way[CYCLE_MAX] = "";
    size_t at = 0, first, next;
    for (size_t i = 0; i < pack->steps.n; i++) {
        step = needed_by(g, taken, step);
    }
    first = step;
    for (next = needed_by(g, taken, step); next != step; next = needed_by(g, taken, next)) {
        first = next < first ? next : first;
    }
    next = first;
    do {
        if (at < sizeof(way)) {
            at += (size_t)snprintf(way + at, sizeof(way) - at, "'%.*s' needs ", S(pack->steps.items[next].id));
        }
        next = needed_by(g, taken, next);
    } while (next != first);
    if (at < sizeof(way)) {
        snprintf(way + at, sizeof(way) - at, "'%.*s'", S(pack->steps.items[first].id));
    }
    check_error(g->c, pack->steps.items[first].node->at, "the steps form a cycle: %s", way);
}

static int make_order(struct graph *g, size_t *order, struct err *err) {
    const size_t n = g->c->pack->steps.n;
    size_t *left = calloc(n + 1, sizeof(*left)), done = 0;
    bool *taken = calloc(n + 1, sizeof(*taken)), said = false;
    int rc = left != NULL && taken != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t e = 0; rc == 0 && e < g->n_edges; e++) {
        left[g->edges[e].to]++;
    }
    while (rc == 0 && done < n) {
        size_t next = 0;
        while (next < n && (taken[next] || left[next] > 0)) {
            next++;
        }
        if (next == n) {
            for (next = 0; taken[next]; next++) {
            }
            if (!said) say_cycle(g, taken, next);
            said = true;
        }
        taken[next] = true;
        order[done++] = next;
        for (size_t e = 0; e < g->n_edges; e++) {
            left[g->edges[e].to] -= g->edges[e].from == next && left[g->edges[e].to] > 0;
        }
    }
    free(left);
    free(taken);
    return rc;
}

/* ---- what nothing uses ---------------------------------------------------------------------------------------------- */

static void check_artifacts(struct graph *g) {
    const struct manifest_pack *pack = g->c->pack;
    for (size_t i = 0; i < pack->artifacts.n; i++) {
        const struct manifest_artifact *artifact = &pack->artifacts.items[i];
        struct datum *datum = artifact->name.n > 0 ? datum_of(g, artifact->name) : NULL;
        if (datum != NULL && datum->step != SIZE_MAX) {
            datum->used = true;
        } else if (artifact->name.n > 0) {
            check_error(g->c, check_place(artifact->node, "name"), "the artifact '%.*s' is not an output of a step",
                        S(artifact->name));
        }
    }
}

static void warn_unused(struct graph *g) {
    const struct manifest_pack *pack = g->c->pack;
    for (size_t i = 0; i < g->n_data; i++) {
        const struct datum *datum = &g->data[i];
        if (!datum->used) {
            check_warn(g->c, datum->at, "unused %s '%.*s'", datum->step == SIZE_MAX ? "input" : "output", S(datum->name));
        }
    }
    for (size_t i = 0; i < pack->routes.n; i++) {
        if (!g->routes[i] && pack->routes.items[i].name.n > 0) {
            check_warn(g->c, pack->routes.items[i].node->at, "no step uses the route '%.*s'",
                       S(pack->routes.items[i].name));
        }
    }
    uses_warn(g->c);
}

int steps_check(struct checking *c, size_t *order, struct err *err) {
    struct graph g = {.c = c, .routes = calloc(c->pack->routes.n + 1, sizeof(bool))};
    int rc = g.routes != NULL ? find_data(&g, err) : err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == 0 && i < c->pack->steps.n; i++) {
        rc = check_step(&g, i, err);
    }
    if (rc == 0) rc = make_order(&g, order, err);
    if (rc == 0) {
        check_artifacts(&g);
        warn_unused(&g);
    }
    free(g.routes);
    free(g.data);
    free(g.edges);
    return rc;
}
