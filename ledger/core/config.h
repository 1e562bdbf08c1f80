/* The ledger's configuration file, DIR/config: lines of "name = value", # comments. Absent means all defaults.
 *
 *   map_bytes = 68719476736     quota of the evidence database (fixed map of LMDB)
 *   rotate_hours = 24           an epoch key older than this is replaced with the next append; 0: never by itself
 *   keys = PATH                 where the secret keys are; default: keys, below the ledger's directory
 *
 * For steps of packs:
 *
 *   step_user = NAME            who steps run as when root runs them; default: nobody
 *   model_url = URL             endpoint of models; default: none
 *   model_protocol = WORD       ollama (default) or openai
 *   model_key = PATH            file of mode 0600 with the endpoint's key; default: none
 *   model = NAME                for routes that name no model
 *   model_tokens = N            tokens that the prompts and answers of one run may have together; 0, default: any
 *   model_cost = N              what they may cost, in millionths; 0, default: any. It needs the prices
 *   model_prompt_price = N      of a million tokens, in millionths
 *   model_answer_price = N      the same
 *
 * For snapshots of file systems, METHOD being btrfs, zfs or lvm:
 *
 *   snapshot_METHOD = ["/sbin/zfs", "snapshot", "${source}@${name}"]            takes one
 *   snapshot_METHOD_check = ["/sbin/zfs", "list", "-t", "snapshot", "${source}@${name}"]   prints its name while it exists
 *
 * Each is a JSON list of texts: an absolute path and arguments, which no shell reads. ${path} is what is to be held, ${source}
 * the device or data set that is mounted there, ${name} the snapshot's name. */
#ifndef LEDGER_CORE_CONFIG_H
#define LEDGER_CORE_CONFIG_H

#include "base/file.h"

#define CONFIG_WORD_MAX    256
#define CONFIG_MAP_DEFAULT ((uint64_t)64 << 30)
#define CONFIG_MAP_MIN     ((uint64_t)1 << 20)
#define CONFIG_MAP_MAX     ((uint64_t)16 << 40)

/* btrfs, zfs, lvm. */
#define CONFIG_METHODS 3
extern const char *const config_methods[CONFIG_METHODS];

/* A command: texts, each followed by a NUL; n 0: it is not set. */
#define CONFIG_COMMAND_MAX 1024
struct config_command {
    char text[CONFIG_COMMAND_MAX];
    size_t n; /* of texts */
};

struct config {
    uint64_t map_bytes;
    uint64_t rotate_hours;
    char keys[FILE_PATH_MAX];
    char step_user[CONFIG_WORD_MAX]; /* empty where it is not set; and the following */
    char model_url[FILE_PATH_MAX], model_key[FILE_PATH_MAX], model[CONFIG_WORD_MAX];
    bool model_openai;
    uint64_t model_tokens, model_cost, model_prompt_price, model_answer_price;
    struct config_command take[CONFIG_METHODS], check[CONFIG_METHODS];
};

/* ERR_INVALID names the file and line. */
int config_load(const char *dir, struct config *ret, struct err *err);
/* The text of a config file that sets map_bytes. */
int config_encode(struct buf *out, uint64_t map_bytes);

#endif
