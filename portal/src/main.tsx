import "./theme/styles.ts";
import { MantineProvider } from "@mantine/core";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client.ts";
import { sessionQuery } from "./api/session.ts";
import { makeRouter } from "./router.tsx";
import { Announcer } from "./shell/Announcer.tsx";
import { cssVariables, theme } from "./theme/theme.ts";
import { startWords } from "./words/index.ts";

const RETRIES = 3;

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that ended elsewhere ends here too, and the page offers to sign in again.
    onError: error => {
      if (error instanceof ApiError && error.status === 401) client.setQueryData(sessionQuery.queryKey, null);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // A decision of the server stays the same however often it is asked; trouble may pass.
      retry: (failures, error) => failures < RETRIES && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
  },
});
const router = makeRouter(client);

await startWords();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <Announcer>
          <RouterProvider router={router} />
        </Announcer>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
