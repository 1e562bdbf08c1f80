/* pack validate: everything that is wrong with a pack's directory, or what it is by digest and signature. */
#include "base/text.h"
#include "cli/packs/packs.h"
#include "cli/packs/publishers.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "packs/manifest/load.h"
#include "packs/tree/sign.h"

#define MANIFEST_MAX ((size_t)16 << 20)
#define DIGEST_TEXT  80

enum { V_PUBLISHERS, V_MANIFEST };
static const struct opt options[] = {
    [V_PUBLISHERS] = {"publishers", 0, "FILE", "verifier keys whose signatures count, one per line"},
    [V_MANIFEST] = {"manifest", 0, NULL, "print the manifest as it was understood, as JSON"},
    {0},
};

struct validation {
    struct cli *cli;
    const char *dir;
    struct finding_list found;
    struct content *tree;
    struct manifest *manifest;
    struct publishers publishers;
    enum sign_verdict signature;
    size_t signer; /* index of the key, on SIGN_GOOD */
};

static void put_fault(void *ctx, const char *path, const char *what) {
    struct validation *v = ctx;
    const struct yaml_place whole = {0};
    finding_put(&v->found, path[0] != '\0' ? path : ".", whole, false, "%s", what);
}

/* The directory has faults: those of its manifest are found all the same, but for files that it names. */
static void check_manifest_alone(struct validation *v) {
    static const char *const names[] = {"pack.yaml", "pack.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf text = {.max = CONTENT_KEPT_MAX + 8192};
        struct manifest *manifest = NULL;
        if (content_read_file(v->dir, names[i], &text, NULL) == 0) {
            (void)manifest_load_text(bytes_of_buf(&text), names[i], NULL, &v->found, &manifest, NULL);
        }
        manifest_free(manifest);
        buf_done(&text);
    }
}

/* ---- the signature ------------------------------------------------------------------------------------------------------- */

static void judge_signature(struct validation *v) {
    const struct manifest_pack *pack = &v->manifest->pack;
    const struct sign_claim claim = {pack->name, pack->version, pack->publisher, content_digest(v->tree)};
    const struct yaml_place whole = {0};
    v->signature =
        sign_check(content_kept(v->tree, CONTENT_SIGNATURE), &claim, v->publishers.keys, v->publishers.n, &v->signer);
    if (v->signature == SIGN_OTHER || v->signature == SIGN_BAD || v->signature == SIGN_BROKEN) {
        finding_put(&v->found, CONTENT_SIGNATURE, whole, false, "%s",
                    v->signature == SIGN_OTHER ? "signs another pack, version or content"
                    : v->signature == SIGN_BAD ? "a signature of a named publisher does not verify"
                                               : "is not a signed note");
    } else if (v->signature != SIGN_GOOD && v->publishers.n > 0) {
        finding_put(&v->found, CONTENT_SIGNATURE, whole, false,
                    v->signature == SIGN_ABSENT ? "missing, although publishers were named"
                                                : "no named key of the publisher '%.*s' signed it",
                    (int)pack->publisher.n, (const char *)pack->publisher.p);
    }
}

/* ---- the answer ------------------------------------------------------------------------------------------------------- */

static void digest_text(char ret[DIGEST_TEXT], const uint8_t *digest) {
    memcpy(ret, "sha256:", 7);
    text_hex(ret + 7, digest, HASH_LEN);
}

static void put_findings(const struct validation *v, struct obj *obj) {
    struct obj list = {0};
    for (size_t i = 0; i < v->found.n; i++) {
        const struct finding *f = &v->found.list[i];
        struct obj one = {0};
        obj_text(&one, "severity", f->warning ? "warning" : "error");
        obj_str(&one, "file", bytes_of(f->file));
        obj_uint(&one, "line", f->at.line > 0 ? f->at.line : UINT64_MAX);
        obj_uint(&one, "column", f->at.line > 0 ? f->at.column : UINT64_MAX);
        obj_str(&one, "message", bytes_of(f->text));
        obj_obj(&list, NULL, &one);
    }
    obj_list(obj, "findings", &list);
}

static int print_json(struct validation *v, bool with_manifest) {
    char digest[DIGEST_TEXT], tree[DIGEST_TEXT];
    struct buf mp = {.max = MANIFEST_MAX};
    struct obj obj = {0};
    struct err err = {0};
    obj_text(&obj, "schema", "ledger.pack_validate/1");
    obj_str(&obj, "dir", bytes_of(v->dir));
    obj_bool(&obj, "valid", v->found.errors == 0);
    if (v->manifest != NULL) {
        digest_text(digest, v->manifest->digest);
        digest_text(tree, content_digest(v->tree));
        obj_str(&obj, "pack", v->manifest->pack.name);
        obj_str(&obj, "version", v->manifest->pack.version);
        obj_str(&obj, "publisher", v->manifest->pack.publisher);
        obj_text(&obj, "digest", digest);
        obj_text(&obj, "tree_digest", tree);
        obj_uint(&obj, "files", content_count(v->tree));
        obj_uint(&obj, "bytes", content_bytes(v->tree));
        obj_text(&obj, "signature", sign_verdict_name(v->signature));
    }
    if (v->manifest != NULL && with_manifest && manifest_load_write(v->manifest, &mp, &err) == 0) {
        obj_raw(&obj, "manifest", bytes_of_buf(&mp));
    }
    obj_uint(&obj, "errors", v->found.errors);
    obj_uint(&obj, "warnings", v->found.warnings);
    put_findings(v, &obj);
    buf_done(&mp);
    return cli_print(v->cli, &obj, false);
}

static void print_findings(struct validation *v) {
    struct buf line = {.max = 8192};
    for (size_t i = 0; i < v->found.n && out_good(v->cli); i++) {
        buf_clear(&line);
        finding_line(&v->found.list[i], &line);
        out_safe(v->cli, bytes_of_buf(&line));
        out_str(v->cli, "\n");
    }
    buf_done(&line);
    uint64_t all = v->found.errors + v->found.warnings;
    if (all > v->found.n) {
        out_printf(v->cli, "... and %llu more\n", (unsigned long long)(all - v->found.n));
    }
}

static int print_facts(struct validation *v) {
    const struct manifest_pack *pack = &v->manifest->pack;
    char digest[DIGEST_TEXT], tree[DIGEST_TEXT];
    struct buf signature = {.max = 1024};
    digest_text(digest, v->manifest->digest);
    digest_text(tree, content_digest(v->tree));
    buf_put_str(&signature, sign_verdict_name(v->signature));
    if (v->signature == SIGN_GOOD) {
        buf_printf(&signature, ", by %s", v->publishers.keys[v->signer].name);
    } else if (v->signature == SIGN_UNKNOWN && v->publishers.n == 0) {
        buf_put_str(&signature, " (--publishers FILE names keys)");
    }
    const struct fact facts[] = {
        fact_str("pack", "pack", pack->name),
        fact_str("version", "version", pack->version),
        fact_str("publisher", "publisher", pack->publisher),
        fact_text("digest", "digest", digest),
        fact_text("tree digest", "tree_digest", tree),
        fact_count("files", "files", content_count(v->tree)),
        fact_size("size", "bytes", content_bytes(v->tree)),
        fact_str("signature", "signature", bytes_of_buf(&signature)),
        fact_count("warnings", "warnings", v->found.warnings),
    };
    fact_lines(v->cli, facts, sizeof(facts) / sizeof(facts[0]), 12);
    buf_done(&signature);
    return 0;
}

static int print(struct validation *v, bool with_manifest) {
    if (v->cli->json || with_manifest) {
        int rc = print_json(v, with_manifest);
        return rc != 0 ? rc : v->found.errors > 0 ? EXIT_INPUT : EXIT_GOOD;
    }
    print_findings(v);
    if (v->found.errors > 0) {
        out_printf(v->cli, "%zu error%s, %zu warning%s\n", v->found.errors, text_s(v->found.errors), v->found.warnings,
                   text_s(v->found.warnings));
        return EXIT_INPUT;
    }
    return print_facts(v);
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct validation v = {.cli = cli, .dir = args->args[0]};
    const char *publishers = opt_text(args, &options[V_PUBLISHERS]);
    struct err err = {0};
    int rc = crypt_init(&err);
    if (rc == 0 && publishers != NULL) rc = publishers_read(publishers, false, &v.publishers, &err);
    bool read = rc == 0;
    if (rc == 0) rc = content_read(v.dir, NULL, put_fault, &v, &v.tree, &err);
    if (rc == ERR_INVALID && v.found.errors > 0) check_manifest_alone(&v);
    if (rc == 0) rc = manifest_load(v.tree, &v.found, &v.manifest, &err);
    if (rc == 0) judge_signature(&v);
    finding_sort(&v.found);
    bool judged = read && (rc == 0 || (rc == ERR_INVALID && v.found.errors > 0));
    int exit_code = judged ? print(&v, opt_has(args, &options[V_MANIFEST])) : cli_fail_input(cli, &err);
    manifest_free(v.manifest);
    content_free(v.tree);
    finding_done(&v.found);
    publishers_done(&v.publishers);
    return exit_code;
}

const struct spec packs_validate = {
    .synopsis = "DIR [--publishers FILE] [--manifest]",
    .about = "Checks the directory of a pack: the manifest, every file's name and type, and pack.sig if there\n"
             "is one. All errors are reported, each with file, line and column, and nothing is written.\n"
             "Prints the digest of the manifest and the tree digest, which covers every file.\n\n"
             "With --publishers, a key in FILE that has the publisher's name must have signed the pack. Exit\n"
             "code 3 if there is an error; warnings alone are exit code 0.",
    .examples = "ledger pack validate my-pack\nledger pack validate my-pack --json | jq -r .tree_digest\n"
                "ledger pack validate my-pack --publishers publishers",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
