/* What would be done comes first, then what refuses it, what is missing, and what must be granted. */
#include "cli/packs/show_plan.h"

#include "base/text.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "packs/life/changes.h"

#define T(text) (int)(text).n, (text).n > 0 ? (const char *)(text).p : ""

static void put_signature(const struct plan *plan, struct buf *out) {
    if (plan->signature == SIGN_ABSENT) {
        buf_put_str(out, "not signed");
    } else if (plan->signer != NULL) {
        buf_printf(out, "good, by %s, key %s", plan->signer, plan->signer_key);
    } else {
        buf_put_str(out, sign_verdict_name(plan->signature));
        buf_put_str(out, plan->claimed[0] != '\0' ? ": " : "");
        buf_put_str(out, plan->claimed);
    }
}

static void print_facts(struct cli *cli, const struct plan *plan, const char *from) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    struct buf what = {.max = 8192}, signature = {.max = 1024};
    buf_printf(&what, "%s %.*s %.*s from %s", life_plan_action_name(plan->action), T(pack->name), T(pack->version), from);
    put_signature(plan, &signature);
    const struct fact facts[] = {
        fact_str("plan", NULL, bytes_of_buf(&what)),           fact_str("publisher", NULL, pack->publisher),
        fact_str("signature", NULL, bytes_of_buf(&signature)), fact_text("tree digest", NULL, plan->tree_digest),
        fact_count("files", NULL, content_count(plan->tree)),  fact_size("size", NULL, content_bytes(plan->tree)),
    };
    fact_lines(cli, facts, sizeof(facts) / sizeof(facts[0]), 12);
    buf_done(&what);
    buf_done(&signature);
}

static void print_permission(struct cli *cli, const struct plan *plan, const struct plan_permission *p,
                             const struct grant *answer) {
    const char *label = p->held ? "held" : answer == NULL ? "to grant" : answer->deny ? "will deny" : "will grant";
    struct buf line = {.max = 16384};
    buf_printf(&line, "%.*s '%.*s' %.*s%s%s: %s", T(p->asked->group), T(p->asked->scope), T(p->asked->tier),
               p->asked->required ? "" : ", optional",
               plan->action == PLAN_UPGRADE && changes_widen(plan, p->asked) ? ", wider than before" : "", p->words);
    if (p->seq != LOG_NO_SEQ) {
        buf_printf(&line, " (event %llu)", (unsigned long long)p->seq);
    }
    if (p->asked->reason.n > 0) {
        buf_printf(&line, "; for: %.*s", T(p->asked->reason));
    }
    out_printf(cli, "%-13s", label);
    out_safe(cli, bytes_of_buf(&line));
    out_str(cli, "\n");
    buf_done(&line);
}

void show_plan_lines(struct cli *cli, const struct plan *plan, const struct grants *answers, const char *from) {
    print_facts(cli, plan, from);
    for (size_t i = 0; i < plan->n_lines; i++) {
        out_printf(cli, "%-13s", life_plan_sort_name(plan->lines[i].sort));
        out_safe(cli, bytes_of(plan->lines[i].text));
        out_str(cli, "\n");
    }
    for (size_t i = 0; i < plan->n_permissions; i++) {
        print_permission(cli, plan, &plan->permissions[i], grants_find(answers, plan->permissions[i].asked));
    }
}

/* ---- as JSON ---------------------------------------------------------------------------------------------------------- */

static void put_permissions(const struct plan *plan, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; i < plan->n_permissions; i++) {
        const struct plan_permission *p = &plan->permissions[i];
        struct obj one = {0};
        obj_str(&one, "group", p->asked->group);
        obj_str(&one, "scope", p->asked->scope);
        obj_str(&one, "tier", p->asked->tier);
        obj_bool(&one, "required", p->asked->required);
        obj_str(&one, "reason", p->asked->reason);
        obj_bool(&one, "held", p->held);
        obj_text(&one, "why", p->words);
        obj_uint(&one, "seq", p->seq);
        if (plan->action == PLAN_UPGRADE) obj_bool(&one, "wider", changes_widen(plan, p->asked));
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "permissions", &list);
}

static void put_lines(const struct plan *plan, enum plan_sort sort, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; i < plan->n_lines; i++) {
        if (plan->lines[i].sort == sort) {
            obj_str(&list, NULL, bytes_of(plan->lines[i].text));
        }
    }
    obj_list(obj, life_plan_sort_name(sort), &list);
}

void show_plan_json(struct obj *obj, const struct plan *plan, const char *from) {
    const struct manifest_pack *pack = &plan->manifest->pack;
    obj_text(obj, "schema", "ledger.pack_plan/1");
    obj_text(obj, "action", life_plan_action_name(plan->action));
    obj_bool(obj, "resumes", plan->resumes);
    obj_str(obj, "pack", pack->name);
    obj_str(obj, "version", pack->version);
    obj_str(obj, "publisher", pack->publisher);
    obj_str(obj, "from", bytes_of(from));
    obj_text(obj, "digest", plan->digest);
    obj_text(obj, "tree_digest", plan->tree_digest);
    obj_uint(obj, "files", content_count(plan->tree));
    obj_uint(obj, "bytes", content_bytes(plan->tree));
    obj_text(obj, "signature", sign_verdict_name(plan->signature));
    obj_text(obj, "signer", plan->signer);
    obj_text(obj, "signer_key", plan->signer != NULL ? plan->signer_key : NULL);
    for (int sort = 0; sort < PLAN_SORTS; sort++) {
        put_lines(plan, (enum plan_sort)sort, obj);
    }
    put_permissions(plan, obj);
}

void show_plan_findings(const struct finding_list *found) {
    struct buf line = {.max = 8192};
    for (size_t i = 0; i < found->n; i++) {
        buf_clear(&line);
        finding_line(&found->list[i], &line);
        out_error("%.*s", T(bytes_of_buf(&line)));
    }
    buf_done(&line);
}

/* ---- what stays open -------------------------------------------------------------------------------------------------- */

/* A scope that could be read as an option comes last. */
static void put_command(struct cli *cli, const struct plan *plan, const struct manifest_permission *asked,
                        struct buf *out) {
    bool dash = bytes_has_prefix(asked->scope, "-");
    cli_self(cli, out);
    buf_printf(out, " permit grant pack/%.*s %.*s", T(plan->manifest->pack.name), T(asked->group));
    if (asked->scope.n > 0 && !dash) {
        buf_put_u8(out, ' ');
        cli_word(asked->scope, out);
    }
    buf_printf(out, " --tier %.*s", T(asked->tier));
    if (dash) {
        buf_put_str(out, " -- ");
        cli_word(asked->scope, out);
    }
}

size_t show_plan_open(struct cli *cli, const struct plan *plan, const struct grants *grants, struct obj *list) {
    struct buf command = {.max = 65536};
    size_t n = 0;
    for (size_t i = 0; i < plan->n_permissions; i++) {
        const struct plan_permission *p = &plan->permissions[i];
        if (p->held || grants_find(grants, p->asked) != NULL) continue;
        buf_clear(&command);
        put_command(cli, plan, p->asked, &command);
        if (list != NULL) {
            obj_str(list, NULL, bytes_of_buf(&command));
        } else {
            out_str(cli, n == 0 ? "open         not granted; these commands grant it:\n" : "");
            out_str(cli, "  ");
            out_safe(cli, bytes_of_buf(&command));
            out_str(cli, "\n");
        }
        n++;
    }
    buf_done(&command);
    return n;
}
