/* pack sign: writes pack.sig beside the manifest, for a directory without a fault. */
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/open/unlock.h"
#include "cli/packs/packs.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "packs/manifest/load.h"
#include "packs/tree/sign.h"

enum { S_KEY, S_PASS_FD, S_PASS_FILE };
static const struct opt options[] = {
    [S_KEY] = {"sign-as", 0, "KEY", "the publisher's key file, of 'ledger key new'"},
    [S_PASS_FD] = {"key-passphrase-fd", 0, "N", "its passphrase, from descriptor N"},
    [S_PASS_FILE] = {"key-passphrase-file", 0, "FILE", "the same from a file"},
    {0},
};

static void put_fault(void *ctx, const char *path, const char *what) {
    const struct yaml_place whole = {0};
    finding_put(ctx, path[0] != '\0' ? path : ".", whole, false, "%s", what);
}

static int load_signer(const struct opt_args *args, struct signer *ret, struct err *err) {
    const char *path = opt_text(args, &options[S_KEY]);
    struct pass pass = {0};
    char what[FILE_PATH_MAX + 16];
    snprintf(what, sizeof(what), "the key in '%s'", path);
    int rc = crypt_init(err);
    if (rc == 0) {
        rc = unlock_file(path, opt_text(args, &options[S_PASS_FD]), opt_text(args, &options[S_PASS_FILE]), what,
                         "key-passphrase", &pass, err);
    }
    if (rc == 0) rc = keyfile_load(path, pass_bytes(&pass), ret, err);
    pass_done(&pass);
    return rc;
}

static int write_signature(const char *dir, const struct content *tree, const struct manifest *manifest,
                           const struct signer *signer, struct err *err) {
    const struct sign_claim claim = {manifest->pack.name, manifest->pack.version, manifest->pack.publisher,
                                     content_digest(tree)};
    char path[FILE_PATH_MAX];
    struct buf note = {.max = NOTE_MAX};
    int rc = sign_write(&claim, signer, &note, err);
    if (rc == 0) rc = file_join(path, dir, CONTENT_SIGNATURE, err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&note), out_mode(OUT_PUBLIC), err);
    buf_done(&note);
    return rc;
}

/* The directory has faults: the first is named. */
static int refuse(struct cli *cli, const char *dir, const struct finding_list *found) {
    struct buf line = {.max = 8192};
    finding_line(&found->list[0], &line);
    int exit_code = cli_refuse(cli, EXIT_INPUT, ERR_INVALID, "%.*s (%zu error%s; 'ledger pack validate %s' shows all)",
                               (int)line.n, (const char *)line.p, found->errors, text_s(found->errors), dir);
    buf_done(&line);
    return exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    const char *dir = args->args[0];
    struct finding_list found = {0};
    struct manifest *manifest = NULL;
    struct content *tree = NULL;
    struct signer signer = {0};
    struct err err = {0};
    char digest[2 * HASH_LEN + 8] = "sha256:";
    int exit_code = EXIT_GOOD;
    if (opt_text(args, &options[S_KEY]) == NULL) return cli_usage(cli, "--sign-as KEY is missing");
    int rc = content_read(dir, NULL, put_fault, &found, &tree, &err);
    if (rc == 0) rc = manifest_load(tree, &found, &manifest, &err);
    if (rc == 0) rc = load_signer(args, &signer, &err);
    if (rc == 0) rc = write_signature(dir, tree, manifest, &signer, &err);
    if (rc != 0) {
        exit_code = found.errors > 0 && found.n > 0 ? refuse(cli, dir, &found) : cli_fail_input(cli, &err);
    } else {
        text_hex(digest + 7, content_digest(tree), HASH_LEN);
        const struct fact facts[] = {
            fact_str("pack", "pack", manifest->pack.name), fact_str("version", "version", manifest->pack.version),
            fact_text("tree digest", "tree_digest", digest), fact_text("signed by", "key", signer.vkey.name)};
        exit_code = fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 12, true);
    }
    signer_done(&signer);
    manifest_free(manifest);
    content_free(tree);
    finding_done(&found);
    return exit_code;
}

const struct spec packs_sign = {
    .synopsis = "DIR --sign-as KEY",
    .about = "Signs the tree digest of a pack's directory and writes DIR/pack.sig, replacing an older one. The\n"
             "key's name must be the manifest's publisher. 'ledger pack validate --publishers' and the\n"
             "installation check it. Exit code 3 if the directory has an error, or the key is another's.",
    .examples = "ledger key new alice.key --name example.org/alice > publishers\n"
                "ledger pack sign my-pack --sign-as alice.key",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
