import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import './console.css';
import { follow } from './theme';

follow();
createRoot(document.getElementById('app')!).render(<StrictMode><App /></StrictMode>);
