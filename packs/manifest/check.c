/* One function for each section, in the order of the table. What a map lacks or has in a wrong form was said when it was
 * read; here absent values are passed over. */
#include "packs/manifest/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "base/version.h"
#include "ledger/kinds/scope.h"
#include "packs/manifest/value.h"

#define S(text_)     (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p
#define PHRASE_MAX   768
#define FINDING_WORK 2000 /* of putting it into words and among the others */

struct yaml_place check_place(const struct yaml_node *map, const char *key) {
    const struct yaml_node *value = yaml_get(map, key);
    return value != NULL ? value->at : map->at;
}

struct yaml_place check_item(const struct yaml_node *map, const char *key, struct bytes item) {
    const struct yaml_node *list = yaml_get(map, key);
    for (const struct yaml_node *n = list != NULL ? list->first : NULL; n != NULL; n = n->next) {
        if (n->text.p == item.p) return n->at;
    }
    return check_place(map, key);
}

__attribute__((format(printf, 4, 0))) static void put(struct checking *c, struct yaml_place at, bool warning,
                                                      const char *fmt, va_list args) {
    char phrase[PHRASE_MAX];
    vsnprintf(phrase, sizeof(phrase), fmt, args);
    c->work += c->work <= CHECK_WORK_MAX ? FINDING_WORK : 0;
    finding_put(c->found, c->file, at, warning, "%s", phrase);
}

void check_error(struct checking *c, struct yaml_place at, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    put(c, at, false, fmt, args);
    va_end(args);
}

void check_warn(struct checking *c, struct yaml_place at, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    put(c, at, true, fmt, args);
    va_end(args);
}

bool check_spend(struct checking *c, uint64_t work) {
    c->work += work < CHECK_WORK_MAX ? work : CHECK_WORK_MAX;
    if (c->work <= CHECK_WORK_MAX) return true;
    if (!c->exhausted) {
        c->exhausted = true;
        check_error(c, c->pack->node->at, "the manifest is too complex to check");
    }
    c->work = CHECK_WORK_MAX + 1;
    return false;
}

void check_offer(struct checking *c, struct text_near *near, struct bytes name) {
    if (name.n > 0 && check_spend(c, 1 + name.n * strlen(near->text))) {
        text_near_offer(near, (const char *)name.p);
    }
}

void check_file(struct checking *c, struct yaml_place at, struct bytes path, bool program) {
    if (c->tree == NULL || path.p == NULL) return;
    const struct content_file *file = content_find(c->tree, path);
    if (file == NULL) {
        check_error(c, at, "the pack has no file '%.*s'", S(path));
    } else if (program && !file->program) {
        check_error(c, at, "the file '%.*s' is not executable (chmod +x)", S(path));
    }
}

/* A program of the pack is a relative path; a bare name and an absolute path are of the system. */
static void check_program(struct checking *c, const struct yaml_node *map, struct bytes program) {
    bool of_pack = program.p != NULL && program.n > 0 && program.p[0] != '/' && bytes_find(program, '/') != NULL;
    if (of_pack) {
        check_file(c, check_place(map, "program"), program, true);
    }
}

/* ---- names that are there twice ------------------------------------------------------------------------------------- */

/* The maps of a list by one of their keys. */
static void check_twice(struct checking *c, const struct yaml_node *list, const char *key, const char *noun) {
    if (list == NULL || list->type != YAML_LIST || list->n > MANIFEST_ITEMS_MAX) return; /* that was said */
    for (const struct yaml_node *n = list->first; n != NULL; n = n->next) {
        const struct yaml_node *value = yaml_get(n, key);
        if (value == NULL || value->text.n == 0) continue;
        for (const struct yaml_node *before = list->first; before != n; before = before->next) {
            const struct yaml_node *other = yaml_get(before, key);
            if (other != NULL && bytes_eq(other->text, value->text)) {
                check_error(c, value->at, "duplicate %s '%.*s' (first on line %u)", noun, S(value->text), other->at.line);
                break;
            }
        }
    }
}

/* ---- permissions ---------------------------------------------------------------------------------------------------- */

static bool is_covered(struct checking *c, const char *group, struct bytes asked) {
    for (size_t i = 0; i < c->pack->permissions.n; i++) {
        const struct manifest_permission *p = &c->pack->permissions.items[i];
        if (!check_spend(c, 1 + p->scope.n * asked.n)) return true; /* that was said */
        if (bytes_is(p->group, group) && (p->scope.n == 0 || scope_covers(p->group, p->scope, asked))) return true;
    }
    return false;
}

static void check_covered(struct checking *c, struct yaml_place at, const char *group, struct bytes asked) {
    if (asked.n > 0 && !is_covered(c, group, asked)) {
        check_error(c, at, "no permission of the group %s covers '%.*s'", group, S(asked));
    }
}

static void check_permissions(struct checking *c) {
    const struct manifest_pack *pack = c->pack;
    for (size_t i = 0; i < pack->permissions.n; i++) {
        const struct manifest_permission *p = &pack->permissions.items[i];
        const char *fault = p->scope.n > 0 ? scope_fault(p->group, p->scope) : NULL;
        if (fault != NULL) {
            check_error(c, check_place(p->node, "scope"), "'scope': '%.*s' %s", S(p->scope), fault);
        }
        for (size_t j = 0; j < i; j++) {
            const struct manifest_permission *other = &pack->permissions.items[j];
            if (p->group.n > 0 && bytes_eq(p->group, other->group) && bytes_eq(p->scope, other->scope)) {
                check_error(c, p->node->at, "duplicate permission %.*s of this scope (first on line %u)", S(p->group),
                            other->node->at.line);
                break;
            }
        }
    }
}

/* ---- routes --------------------------------------------------------------------------------------------------------- */

static void check_foreign(struct checking *c, const struct yaml_node *map, const char *const *keys, size_t n,
                          const char *why) {
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *value = yaml_get(map, keys[i]);
        if (value != NULL) {
            check_error(c, value->key_at, "'%s' %s", keys[i], why);
        }
    }
}

static void check_tool(struct checking *c, const struct manifest_route *route) {
    static const char *const foreign[] = {"model", "digest", "family", "context_min", "task"};
    check_foreign(c, route->node, foreign, 5, "is for routes with the role model; this one has the role tool");
    if (yaml_get(route->node, "program") == NULL) {
        check_error(c, route->node->at, "a route to a tool has no 'program'");
    }
    check_program(c, route->node, route->program);
    check_covered(c, check_place(route->node, "program"), "exec", route->program);
}

static void check_model(struct checking *c, const struct manifest_route *route) {
    static const char *const foreign[] = {"program", "arguments"};
    const struct bytes any = bytes_of("");
    check_foreign(c, route->node, foreign, 2, "is for routes with the role tool; this one has the role model");
    if (route->model.n + route->digest.n + route->family.n == 0) {
        check_error(c, route->node->at, "a route to a model has no 'model', 'digest' or 'family'");
    }
    bool some = false;
    for (size_t i = 0; i < c->pack->permissions.n; i++) {
        some = some || bytes_is(c->pack->permissions.items[i].group, "model.invoke");
    }
    if (!some) {
        check_error(c, route->node->at, "no permission of the group model.invoke, which a route to a model needs");
    } else {
        check_covered(c, check_place(route->node, "model"), "model.invoke", route->model.n > 0 ? route->model : any);
    }
}

void check_no_route(struct checking *c, struct yaml_place at, const char *key, struct bytes name) {
    struct text_near near = {.text = (const char *)name.p};
    for (size_t i = 0; i < c->pack->routes.n; i++) {
        check_offer(c, &near, c->pack->routes.items[i].name);
    }
    check_error(c, at, "'%s': there is no route '%.*s'%s", key, S(name), text_near_words(&near));
}

/* What is wrong with the way from one fallback to the next; NULL: nothing. */
static const char *fallbacks_fault(const struct manifest_pack *pack, const struct manifest_route *route) {
    const struct manifest_route *next = manifest_route(pack, route->fallback);
    for (size_t i = 0; next != NULL && i < MANIFEST_FALLBACKS_MAX; i++) {
        if (next == route) return "lead back to it";
        next = manifest_route(pack, next->fallback);
    }
    return next != NULL ? "are more than 16, or form a cycle" : NULL;
}

static void check_routes(struct checking *c) {
    for (size_t i = 0; i < c->pack->routes.n; i++) {
        const struct manifest_route *route = &c->pack->routes.items[i];
        if (bytes_is(route->role, "tool")) {
            check_tool(c, route);
        } else if (bytes_is(route->role, "model")) {
            check_model(c, route);
        }
        const char *fault = fallbacks_fault(c->pack, route);
        if (route->fallback.n > 0 && manifest_route(c->pack, route->fallback) == NULL) {
            check_no_route(c, check_place(route->node, "fallback"), "fallback", route->fallback);
        } else if (fault != NULL) {
            check_error(c, check_place(route->node, "fallback"), "the fallbacks of route '%.*s' %s", S(route->name), fault);
        }
    }
}

/* ---- checks and evaluations ----------------------------------------------------------------------------------------- */

/* host:port of a URL, in `room`. */
static void put_host(struct bytes url, char *room, size_t size) {
    bool tls = bytes_has_prefix(url, "https:");
    const uint8_t *start = url.p + (tls ? 8 : 7), *end = url.p + url.n, *stop = start;
    while (stop < end && *stop != '/' && *stop != '?' && *stop != '#') {
        stop++;
    }
    const struct bytes host = {start, (size_t)(stop - start)};
    const uint8_t *colon = memrchr(host.p, ':', host.n), *bracket = bytes_find(host, ']');
    bool port = colon != NULL && (bracket == NULL || colon > bracket);
    snprintf(room, size, "%.*s%s", (int)host.n, (const char *)host.p, port ? "" : tls ? ":443" : ":80");
}

static void check_checks(struct checking *c) {
    for (size_t i = 0; i < c->pack->checks.n; i++) {
        const struct manifest_check *check = &c->pack->checks.items[i];
        const struct yaml_node *program = yaml_get(check->node, "program"), *url = yaml_get(check->node, "url");
        static const char *const of_program[] = {"arguments"}, *const exit_code[] = {"exit_code"},
                                 *const status[] = {"status"};
        char host[MANIFEST_TEXT_MAX + 8];
        if ((program != NULL) == (url != NULL)) {
            check_error(c, check->node->at, "a check needs either 'program' or 'url'");
            continue;
        }
        check_program(c, check->node, check->program);
        check_covered(c, check_place(check->node, "program"), "exec", check->program);
        if (url != NULL) {
            check_foreign(c, check->node, of_program, 1, "is for checks by a program");
        }
        if (check->expect != NULL) {
            check_foreign(c, check->expect->node, url != NULL ? exit_code : status, 1,
                          url != NULL ? "is of a program, and this is a URL" : "is of a URL, and this is a program");
        }
        if (check->url.n > 0 && value_fault(FIELD_URL, check->url) == NULL && check->url.n <= MANIFEST_TEXT_MAX) {
            put_host(check->url, host, sizeof(host));
            check_covered(c, check_place(check->node, "url"), "network.egress", bytes_of(host));
        }
    }
}

static void check_evals(struct checking *c) {
    for (size_t i = 0; i < c->pack->evals.n; i++) {
        const struct manifest_eval *eval = &c->pack->evals.items[i];
        if (eval->route.n > 0 && manifest_route(c->pack, eval->route) == NULL) {
            check_no_route(c, check_place(eval->node, "route"), "route", eval->route);
        }
        check_file(c, check_place(eval->node, "suite"), eval->suite, false);
        check_twice(c, yaml_get(eval->node, "thresholds"), "metric", "metric");
        for (size_t j = 0; j < eval->thresholds.n; j++) {
            const struct manifest_threshold *t = &eval->thresholds.items[j];
            if (!t->min.given && !t->max.given) {
                check_error(c, t->node->at, "a threshold has neither 'min' nor 'max'");
            } else if (t->min.given && t->max.given && t->min.value > t->max.value) {
                check_error(c, check_place(t->node, "min"), "'min' is more than 'max'");
            }
        }
        for (size_t j = 0; j < i; j++) {
            const struct manifest_eval *other = &c->pack->evals.items[j];
            if (eval->route.n > 0 && bytes_eq(eval->route, other->route) && bytes_eq(eval->suite, other->suite)) {
                check_error(c, eval->node->at, "duplicate suite of route '%.*s' (first on line %u)", S(eval->route),
                            other->node->at.line);
                break;
            }
        }
    }
}

/* ---- requirements --------------------------------------------------------------------------------------------------- */

static void check_need(struct checking *c, const struct manifest_need *need, bool pack) {
    const char *fault =
        need->version.n > 0 ? version_range_fault(pack ? VERSION_SEMVER : VERSION_DEBIAN, need->version) : NULL;
    if (fault != NULL) {
        check_error(c, check_place(need->node, "version"), "'version': '%.*s' %s", S(need->version), fault);
    }
    fault = pack && need->name.n > 0 ? value_fault(FIELD_NAME, need->name) : NULL;
    if (fault != NULL) {
        check_error(c, check_place(need->node, "name"), "'name': '%.*s' %s", S(need->name), fault);
    }
    if (pack && need->name.n > 0 && bytes_eq(need->name, c->pack->name)) {
        check_error(c, check_place(need->node, "name"), "the pack refers to itself");
    }
}

static void check_needs(struct checking *c, const struct manifest_needs *needs) {
    static const char *const keys[] = {"packs", "programs", "runtimes", "packages"};
    if (needs == NULL) return;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        check_twice(c, yaml_get(needs->node, keys[i]), "name", "name");
    }
    for (size_t i = 0; i < needs->packs.n; i++) {
        check_need(c, &needs->packs.items[i], true);
    }
    for (size_t i = 0; i < needs->programs.n; i++) {
        check_need(c, &needs->programs.items[i], false);
    }
    for (size_t i = 0; i < needs->runtimes.n; i++) {
        check_need(c, &needs->runtimes.items[i], false);
    }
    for (size_t i = 0; i < needs->packages.n; i++) {
        check_need(c, &needs->packages.items[i], false);
    }
}

/* What is required and, whatever its version, in conflict. */
static void check_contradiction(struct checking *c) {
    const struct manifest_needs *wanted = c->pack->requires, *unwanted = c->pack->conflicts;
    for (size_t i = 0; wanted != NULL && unwanted != NULL && i < wanted->packs.n; i++) {
        for (size_t j = 0; j < unwanted->packs.n; j++) {
            const struct manifest_need *a = &wanted->packs.items[i], *b = &unwanted->packs.items[j];
            if (a->name.n > 0 && bytes_eq(a->name, b->name) && (b->version.n == 0 || bytes_eq(a->version, b->version))) {
                check_error(c, b->node->at, "conflicts with the pack '%.*s', which is required on line %u", S(a->name),
                            a->node->at.line);
            }
        }
    }
}

/* ---- inputs --------------------------------------------------------------------------------------------------------- */

static void check_inputs(struct checking *c) {
    static const char *const of_file[] = {"media_type"}, *const sized[] = {"size_max"};
    for (size_t i = 0; i < c->pack->inputs.n; i++) {
        const struct manifest_input *input = &c->pack->inputs.items[i];
        bool file = bytes_is(input->type, "file"), text = bytes_is(input->type, "text");
        if (input->type.n > 0 && !file) {
            check_foreign(c, input->node, of_file, 1, "is for files");
        }
        if (input->type.n > 0 && !file && !text) {
            check_foreign(c, input->node, sized, 1, "is for files and texts");
        }
    }
}

void check_all(struct checking *c) {
    const struct yaml_node *root = c->pack->node;
    check_permissions(c);
    check_twice(c, yaml_get(root, "routes"), "name", "route");
    check_routes(c);
    check_twice(c, yaml_get(root, "checks"), "name", "check");
    check_checks(c);
    check_evals(c);
    check_needs(c, c->pack->requires);
    check_needs(c, c->pack->conflicts);
    check_contradiction(c);
    check_twice(c, yaml_get(root, "inputs"), "name", "input");
    check_inputs(c);
    check_twice(c, yaml_get(root, "artifacts"), "name", "artifact");
    check_twice(c, yaml_get(root, "steps"), "id", "step");
}
