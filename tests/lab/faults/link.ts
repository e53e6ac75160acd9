import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { LabConnection } from "../system-ssh";

/** The cable between the product and a lab host: it stays at its port while hosts come and go, and it can be pulled. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #host: LabConnection | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#forward(socket);
    });
  }

  /** Makes a link that leads nowhere yet. */
  static open(): Promise<Link> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", () => {
        resolve(new Link(server));
      });
    });
  }

  /** Leads to another host from now on, and tells how the product reaches it. */
  leadTo(host: LabConnection): LabConnection {
    this.#host = host;
    return { ...host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Ends all connections at once, without a word to either side's program. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  /** Drops what is connected and frees the port. */
  close(): Promise<void> {
    this.drop();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  #forward(client: Socket): void {
    if (this.#host === undefined) {
      client.destroy();
      return;
    }
    const host = connect(this.#host.port, this.#host.address);
    join(client, host);
    join(host, client);
    for (const socket of [client, host]) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
  }
}

/** Whatever ends one side ends the other. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy()).on("close", () => to.destroy());
}
