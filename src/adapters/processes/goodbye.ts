/** What a runner says to its reaper before it ends. An end without it is a death. */
export const goodbye = 'goodbye\n';
