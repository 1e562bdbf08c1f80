/* Promotion on the command line: the steps by which a candidate becomes what is used, and what was live when.
 *
 * Sees: the rooms before it, and the floors evals, packs and work; not the commands beside it. Begin with promote.c, the table of subcommands.
 * What may follow is decided in projections/ready/promotions.c, by gates in evals/gate.
 *
 *   promote   the subcommands of `ledger promote`
 *   known     what the states say of one promotion
 *   plan      `promote plan`
 *   steps     `promote simulate` and `abort`
 *   trial     a command that is tried, confined
 *   gates     which gates are asked, and the file of them that is kept
 *   verify    `promote verify`: the gates are asked and their answers recorded
 *   advise    what helps where a link cannot be switched
 *   target    the link to what is live: planned, switched, read back
 *   drift     a link that does not lead to what is live by the log
 *   follow    a route is configured with what was promoted
 *   apply     `promote apply` and `rollback`
 *   status    where a promotion is, what it lacks, the next command
 *   closed    the gates that are closed, each with the command that helps
 *   history   which version was live when */
#ifndef CLI_PROMOTE_ROOM_H
#define CLI_PROMOTE_ROOM_H

#endif
