/* kinds: the catalog of events. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "cli/table.h"
#include "ledger/kind.h"

enum { K_NAMES, K_MARKDOWN };
static const struct opt options[] = {
    [K_NAMES] = {"names", 0, NULL, "the names only, a line each"},
    [K_MARKDOWN] = {"markdown", 0, NULL, "the whole catalog as a Markdown document"},
    {0},
};

#define DOC_MAX ((size_t)16 << 20)

static void put_kind(struct obj *obj, const struct kind *kind) {
    struct obj fields;
    obj_init(&fields);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const struct kind_field *f = &kind->fields[i];
        struct obj field;
        obj_init(&field);
        obj_text(&field, "name", f->name);
        obj_text(&field, "type", kind_type_name(f->type));
        obj_bool(&field, "required", (f->flags & KIND_REQUIRED) != 0);
        obj_bool(&field, "open", (f->flags & KIND_OPEN) != 0);
        obj_bool(&field, "indexed", (f->flags & KIND_INDEXED) != 0);
        obj_text(&field, "values", f->values);
        obj_text(&field, "help", f->help);
        obj_obj(&fields, NULL, &field);
    }
    obj_text(obj, "name", kind->name);
    obj_uint(obj, "schema", kind->schema);
    obj_text(obj, "subject", kind->subject);
    obj_text(obj, "help", kind->help);
    obj_list(obj, "fields", &fields);
}

static int print_json(struct cli *cli, const struct kind *only) {
    struct obj obj;
    obj_init(&obj);
    if (only) {
        put_kind(&obj, only);
    } else {
        struct obj all;
        obj_init(&all);
        for (size_t i = 0; i < kind_count(); i++) {
            struct obj kind;
            obj_init(&kind);
            put_kind(&kind, kind_at(i));
            obj_obj(&all, NULL, &kind);
        }
        obj_list(&obj, "kinds", &all);
    }
    int exit_code = obj_print(cli, &obj, false);
    obj_done(&obj);
    return exit_code;
}

static int no_memory(struct cli *cli) {
    struct err err = {0};
    err_set(&err, ERR_NOMEM, "no memory for the table");
    return cli_fail(cli, &err);
}

static int print_one(struct cli *cli, const struct kind *kind) {
    static const struct table_column columns[] = {
        {"FIELD", false, 0}, {"TYPE", false, 0}, {"NEED", false, 0}, {"SEEN", false, 0}, {"MEANING", false, 0},
    };
    out_printf(cli, "%s%s%s (schema %u)\n%s\nsubject: %s\n", out_color(cli, OUT_BOLD), kind->name,
               out_color(cli, OUT_PLAIN), kind->schema, kind->help, kind->subject);
    if (kind->n_fields == 0) {
        return EXIT_GOOD;
    }
    out_str(cli, "\n");
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    if (!table) {
        return no_memory(cli);
    }
    for (size_t i = 0; i < kind->n_fields; i++) {
        const struct kind_field *f = &kind->fields[i];
        char help[1024];
        snprintf(help, sizeof(help), "%s%s%s%s", f->help, f->values ? " (" : "", f->values ? f->values : "",
                 f->values ? ")" : "");
        table_text(table, f->name);
        table_text(table, kind_type_name(f->type));
        table_text(table, (f->flags & KIND_REQUIRED) ? "required" : "");
        table_text(table, (f->flags & KIND_OPEN) ? "open" : "private");
        table_text(table, help);
    }
    return table_end(table);
}

static int print_all(struct cli *cli) {
    static const struct table_column columns[] = {
        {"KIND", false, 0}, {"SCHEMA", true, 0}, {"SUBJECT", false, 32}, {"MEANING", false, 0}};
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    if (!table) {
        return no_memory(cli);
    }
    for (size_t i = 0; i < kind_count(); i++) {
        const struct kind *kind = kind_at(i);
        table_text(table, kind->name);
        table_uint(table, kind->schema);
        table_text(table, kind->subject);
        table_text(table, kind->help);
    }
    return table_end(table);
}

static int print_markdown(struct cli *cli) {
    struct buf text;
    struct err err = {0};
    buf_init(&text, DOC_MAX);
    kind_doc(&text);
    int rc = buf_check(&text, "the catalog", &err);
    if (rc == 0) {
        out_bytes(cli, bytes_of_buf(&text));
    }
    buf_done(&text);
    return rc == 0 ? EXIT_GOOD : cli_fail_as(cli, &err, EXIT_SYSTEM);
}

static int kinds(struct cli *cli, const struct opt_args *args) {
    const struct kind *only = NULL;
    if (opt_has(args, &options[K_MARKDOWN]) && (args->n_args > 0 || opt_has(args, &options[K_NAMES]))) {
        return cli_usage(cli, "--markdown gives the whole catalog: no KIND and no --names with it");
    }
    if (args->n_args == 1) {
        struct bytes name = bytes_of(args->args[0]);
        only = kind_find(name);
        if (!only) {
            struct err err = {0};
            const char *near = kind_suggest(name);
            err_set(&err, ERR_NOTFOUND, "unknown kind '%.200s'%s%s%s", args->args[0], near ? ", did you mean '" : "",
                    near ? near : "", near ? "'?" : "");
            return cli_fail_lookup(cli, &err);
        }
    }
    if (opt_has(args, &options[K_NAMES])) {
        for (size_t i = 0; i < kind_count(); i++) {
            if (!only || only == kind_at(i)) {
                out_printf(cli, "%s\n", kind_at(i)->name);
            }
        }
        return EXIT_GOOD;
    }
    if (opt_has(args, &options[K_MARKDOWN])) {
        return print_markdown(cli);
    }
    if (cli->json) {
        return print_json(cli, only);
    }
    return only ? print_one(cli, only) : print_all(cli);
}

const struct spec spec_kinds = {
    .synopsis = "[KIND] [--names | --markdown]",
    .about = "Lists the kinds of events that the catalog knows, or the fields of one: type, whether it is\n"
             "required, open (in the body) or private. Fields that a kind does not know are private. Kinds\n"
             "of your own are named x.<vendor>.<name> and need no entry. Exit code 1 for an unknown kind.",
    .examples = "ledger kinds\nledger kinds route.decided\nledger kinds --json | jq '.kinds[].name'",
    .opts = options,
    .max_args = 1,
    .run = kinds,
};
