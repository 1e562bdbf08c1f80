/* The words of a command that is evaluated: its program, which is held open, and the files that it names.
 *
 *   ./classify --model weights.bin ../shared/list.txt
 *     program      file                file
 *
 * A word that is the path of a regular file is one, unless it is below a directory that every step sees anyway (/usr, /etc, ...). It is
 * there under the same relative path in the directory where the command starts; one that is absolute, or has '..' in it, is
 * below WORDS_MOVED there, and the word says so. */
#ifndef EVALS_RUN_WORDS_H
#define EVALS_RUN_WORDS_H

#include "packs/life/program.h"

#define WORDS_MOVED    ".command" /* .command/N/NAME */
#define WORDS_MOST     1000
#define WORDS_EXEC_MAX 32

struct run_file {
    size_t word;                /* index; 0: none is the program */
    char path[FILE_PATH_MAX];   /* on the host, absolute */
    char inside[FILE_PATH_MAX]; /* from the directory where the command starts */
    bool moved;
    uint8_t digest[HASH_LEN]; /* as it was when the words were read */
};

struct run_words_options {
    const char *const *words; /* borrowed; the first is the program */
    size_t words_n;
    const char *const *exec; /* names of programs that it may start; borrowed */
    size_t exec_n;
    const char *ledger_dir, *trust; /* whose files no command is given; trust NULL: none */
};
struct run_words {
    struct run_words_options how;
    struct program program;
    struct program
        exec[WORDS_EXEC_MAX + PROGRAM_INTERPRETERS]; /* that it may start: as named, and a script's interpreter */
    const char *exec_words[WORDS_EXEC_MAX + PROGRAM_INTERPRETERS];
    size_t exec_n;
    char line[PROGRAM_LINE]; /* its first, if it is a script */
    int fd;                  /* the program, as it was hashed */
    struct run_file *files;
    size_t files_n;
    uint8_t digest[HASH_LEN]; /* of all words, of the files among them, and of the programs that it may start */
    struct buf command;       /* the words as MessagePack, for the record */
};

/* ERR_NOTFOUND, ERR_INVALID: there is no such program, it cannot be executed, or a file is not given to commands. ERR_LIMIT. */
int run_words_open(const struct run_words_options *options, struct run_words **ret, struct err *err);
void run_words_close(struct run_words *words); /* NULL is fine */
/* The digests of the program and of the command as the same words would give them now. */
int run_words_now(const struct run_words *words, uint8_t ret_program[HASH_LEN], uint8_t ret_command[HASH_LEN],
                  struct err *err);

#endif
