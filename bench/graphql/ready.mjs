/** Tells the parent where to ask, and what CPU was spent whenever it asks for that. */
export const ready = (port) => {
  process.send({ url: `http://127.0.0.1:${port}` });
  process.on('message', () => process.send(process.cpuUsage()));
};
